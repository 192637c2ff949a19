/** What the process that reads a file of SQLite is asked: one look, then one reading. */
export type SqliteQuestion =
  /** Opens the file, and tells the columns of what stands behind FROM, and the key of a table. */
  | { readonly kind: 'look'; readonly path: string; readonly from: string; readonly table: boolean }
  /** Writes the rows to its output, as CSV. */
  | { readonly kind: 'read'; readonly select: string; readonly booleans: readonly boolean[] };

export type SqliteAnswer =
  | {
      readonly kind: 'relation';
      readonly columns: readonly {
        readonly name: string;
        readonly declared: string | null;
        readonly nullable: boolean;
      }[];
      readonly key: readonly string[];
    }
  /** All rows are written. */
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly message: string; readonly mayPass: boolean };
