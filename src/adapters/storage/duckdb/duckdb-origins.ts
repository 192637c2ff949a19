import type { Origin } from '#domain/record/change.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** Each caller and run once, under a small number that rows carry: so a row says who made it, and a commit needs no row of its own. */
export class DuckDbOrigins {
  readonly #session: DuckDbSession;
  readonly #ids: Map<string, number>;

  private constructor(session: DuckDbSession, ids: Map<string, number>) {
    this.#session = session;
    this.#ids = ids;
  }

  static async open(session: DuckDbSession): Promise<DuckDbOrigins> {
    const rows = await session.rows('SELECT id, caller, run FROM forge.origins');
    return new DuckDbOrigins(
      session,
      new Map(
        rows.map(([id, caller, run]) => [originKey({ caller: String(caller), run: run as string | null }), Number(id)]),
      ),
    );
  }

  /** The number of an origin; a new one is stored before any row speaks of it. */
  async idOf(origin: Origin): Promise<number> {
    const key = originKey(origin);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    // A copied store may lack a number that its source had given away and not used.
    const id = Math.max(0, ...this.#ids.values()) + 1;
    await this.#session.run('INSERT INTO forge.origins VALUES ($1, $2, $3)', [id, origin.caller, origin.run]);
    this.#ids.set(key, id);
    return id;
  }
}

function originKey(origin: Origin): string {
  return JSON.stringify([origin.caller, origin.run]);
}
