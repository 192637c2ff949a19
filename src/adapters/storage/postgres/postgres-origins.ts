import type { Origin } from '#domain/record/change.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { ORIGINS } from './postgres-layout.ts';

/** Numbers that are kept; of more origins than this the oldest are looked up again. */
const KEPT = 1000;

/** Each caller and run once, under a small number that rows carry. */
export class PostgresOrigins {
  readonly #ids = new Map<string, number>();

  /** The numbers of origins, by `nameOfOrigin`; new ones are stored in the transaction that is open. */
  async resolve(connection: PostgresConnection, origins: readonly Origin[]): Promise<OriginIds> {
    const found = new Map<string, number>();
    for (const origin of origins) {
      const name = nameOfOrigin(origin);
      if (!found.has(name)) found.set(name, this.#ids.get(name) ?? (await store(connection, origin)));
    }
    return found;
  }

  /** Takes note of those that are stored for good. */
  keep(found: OriginIds): void {
    for (const [name, id] of found) {
      this.#ids.delete(name);
      this.#ids.set(name, id);
    }
    for (const name of this.#ids.keys()) {
      if (this.#ids.size <= KEPT) return;
      this.#ids.delete(name);
    }
  }
}

export type OriginIds = ReadonlyMap<string, number>;

export function nameOfOrigin({ caller, run }: Origin): string {
  return JSON.stringify([caller, run]);
}

async function store(connection: PostgresConnection, { caller, run }: Origin): Promise<number> {
  const known = `SELECT id FROM ${ORIGINS} WHERE caller = $1 AND run IS NOT DISTINCT FROM $2`;
  const row =
    (await connection.row(known, [caller, run])) ??
    (await connection.row(`INSERT INTO ${ORIGINS} (caller, run) VALUES ($1, $2) RETURNING id`, [caller, run]));
  return Number(row?.[0]);
}
