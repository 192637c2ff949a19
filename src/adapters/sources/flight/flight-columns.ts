import { parseDbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import { readArrowColumns } from '#formats/arrow/arrow-columns.ts';

/** The columns that a schema, as a framed message, has. */
export async function columnsOf(schema: Uint8Array): Promise<readonly ColumnSchema[]> {
  const columns = await readArrowColumns(once(schema));
  return columns.map(({ name, dbType }) => ({
    name,
    dbType: parseDbType(dbType) ?? { name: 'VARCHAR' },
    nullable: true,
  }));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
