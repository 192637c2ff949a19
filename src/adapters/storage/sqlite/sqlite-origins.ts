import type { Origin } from '#domain/record/change.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { ORIGINS } from './sqlite-layout.ts';

/** Each caller and run once, under a small number that rows carry. */
export class SqliteOrigins {
  readonly #connection: SqliteConnection;
  readonly #ids = new Map<string, number>();

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.reload();
  }

  /** The number of an origin; a new one is stored in the transaction that is open. */
  idOf(origin: Origin): number {
    const name = nameOf(origin.caller, origin.run);
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    // A copied store may lack a number that its source had given away and not used.
    const id = Math.max(0, ...this.#ids.values()) + 1;
    this.#connection.run(`INSERT INTO ${ORIGINS} (id, caller, run) VALUES (?1, ?2, ?3)`, [
      id,
      origin.caller,
      origin.run,
    ]);
    this.#ids.set(name, id);
    return id;
  }

  /** Forgets those that a transaction brought which was rolled back. */
  reload(): void {
    this.#ids.clear();
    for (const [id, caller, run] of this.#connection.rows(`SELECT id, caller, run FROM ${ORIGINS}`)) {
      this.#ids.set(nameOf(String(caller), run as string | null), Number(id));
    }
  }
}

function nameOf(caller: string, run: string | null): string {
  return JSON.stringify([caller, run]);
}
