import { randomInt } from 'node:crypto';
import type { MarkGuard } from '#domain/record/change.ts';
import { CommitClock } from '#domain/record/commit-clock.ts';
import { idPrefix } from '#domain/record/id.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import { checkGuards, type StoredMark } from '#domain/record/write-groups.ts';
import { CommitLock } from '../shared/commit-lock.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { MARKS, META } from './sqlite-layout.ts';
import { SqliteOrigins } from './sqlite-origins.ts';

/** A commit that became durable: its last number and what it touched. */
export interface Committed {
  readonly lastSeq: number;
  readonly datasets: readonly string[];
}

/** The writer's connection, and what all that write to it share: the sequence, the clock, the origins, one at a time. */
export class SqliteCommits {
  readonly connection: SqliteConnection;
  readonly origins: SqliteOrigins;
  readonly #lock = new CommitLock();
  readonly #clock = new CommitClock(() => performance.timeOrigin + performance.now());
  #head: number;

  constructor(connection: SqliteConnection) {
    this.connection = connection;
    this.origins = new SqliteOrigins(connection);
    this.#head = Number(connection.row(`SELECT value FROM ${META} WHERE name = 'sequence'`)?.[0] ?? 0);
  }

  get head(): number {
    return this.#head;
  }

  /** Lets one writer at a time through. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#lock.hold(work);
  }

  /** The numbers and the time of the next commit. */
  stamp(): CommitStamp {
    const { at, milliseconds } = this.#clock.next();
    return { firstSeq: this.#head + 1, at, idPrefix: idPrefix(milliseconds, randomInt(2 ** 26)) };
  }

  /**
   * One transaction of rows and marks. `work` says how far it got with the numbers, and what it touched.
   * @returns the commit, null where no number was used
   */
  async commit(
    work: () => Promise<{ readonly nextSeq: number; readonly datasets: readonly string[] }>,
  ): Promise<Committed | null> {
    let last = this.#head;
    try {
      const datasets = await this.connection.transaction(async () => {
        const { nextSeq, datasets: touched } = await work();
        last = nextSeq - 1;
        if (last > this.#head) this.setMeta('sequence', last);
        return touched;
      });
      if (last === this.#head) return null;
      this.#head = last;
      return { lastSeq: last, datasets };
    } catch (error) {
      this.origins.reload();
      throw error;
    }
  }

  /** @throws DataForgeError `version_moved` */
  checkGuards(guards: readonly MarkGuard[] = []): void {
    const sql = `SELECT value FROM ${MARKS} WHERE kind = ?1 AND key = ?2`;
    const marks = guards.map(({ kind, key }) => this.connection.row(sql, [kind, key])?.[0] ?? null);
    checkGuards(guards, marks as (string | null)[]);
  }

  /** Keeps marks; one of the same kind and key is replaced. */
  writeMarks(marks: readonly StoredMark[], at: string): void {
    for (const { kind, key, value } of marks) {
      this.connection.run(`INSERT OR REPLACE INTO ${MARKS} (kind, key, value, made_at) VALUES (?1, ?2, ?3, ?4)`, [
        kind,
        key,
        value,
        microsecondsOf(at),
      ]);
    }
  }

  setMeta(name: string, value: number): void {
    // In place: a row that replaces another is a change of the index too, and so one more page that every commit writes.
    const sql = `INSERT INTO ${META} (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
    this.connection.run(sql, [name, String(value)]);
  }
}
