import { randomInt } from 'node:crypto';
import { CommitClock } from '#domain/record/commit-clock.ts';
import { idPrefix } from '#domain/record/id.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import type { StoredMark } from '#domain/record/write-groups.ts';
import { CommitLock } from '../shared/commit-lock.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import type { PostgresHeads } from './postgres-heads.ts';
import { MARKS, STORE } from './postgres-layout.ts';
import { notifyStatement } from './postgres-notices.ts';
import { type OriginIds, PostgresOrigins } from './postgres-origins.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { arrayOf } from './postgres-values.ts';

/** A commit while it is made. Nobody else, in this instance or another, makes one meanwhile. */
export interface OpenCommit {
  readonly connection: PostgresConnection;
  readonly stamp: CommitStamp;
  readonly origins: PostgresOrigins;
  /** Origins whose numbers the commit has used. */
  readonly usedOrigins: Map<string, number>;
}

/** How far a commit got with the numbers, and what it touched. */
export interface CommitEnd {
  readonly nextSeq: number;
  readonly datasets: readonly string[];
}

/**
 * Makes commits one behind the other. The row of `forge.store` is locked from when a commit takes its numbers until it
 * is visible, so that all instances agree on one order and no reader sees a number before those below it.
 */
export class PostgresCommits {
  readonly pool: PostgresPool;
  readonly #schema: string;
  readonly #instance: string;
  readonly #heads: PostgresHeads;
  readonly #origins = new PostgresOrigins();
  readonly #lock = new CommitLock();
  readonly #clock = new CommitClock(() => performance.timeOrigin + performance.now());

  constructor(parts: {
    readonly pool: PostgresPool;
    readonly schema: string;
    readonly instance: string;
    readonly heads: PostgresHeads;
  }) {
    this.pool = parts.pool;
    this.#schema = parts.schema;
    this.#instance = parts.instance;
    this.#heads = parts.heads;
  }

  /** One transaction of rows and marks, on a connection of its own. When it resolves, all is on disk. */
  async commit(work: (commit: OpenCommit) => Promise<CommitEnd>): Promise<void> {
    await this.#lock.hold(() => this.pool.use(null, (connection) => this.#commitOn(connection, work)));
  }

  /** The same on a connection that the caller has. */
  async commitOn(connection: PostgresConnection, work: (commit: OpenCommit) => Promise<CommitEnd>): Promise<void> {
    await this.#lock.hold(() => this.#commitOn(connection, work));
  }

  async #commitOn(connection: PostgresConnection, work: (commit: OpenCommit) => Promise<CommitEnd>): Promise<void> {
    const [row] = await connection.batch(['BEGIN', `SELECT sequence, committed_at FROM ${STORE} FOR UPDATE`]);
    const last = Number(row?.[0]);
    const { at, milliseconds } = this.#clock.next(BigInt(row?.[1] ?? 0));
    const stamp = { firstSeq: last + 1, at, idPrefix: idPrefix(milliseconds, randomInt(2 ** 26)) };
    const usedOrigins = new Map<string, number>();
    const { nextSeq, datasets } = await work({ connection, stamp, origins: this.#origins, usedOrigins });
    const head = nextSeq - 1;
    await connection.batch(head > last ? [...this.#ending(head, at, datasets), 'COMMIT'] : ['COMMIT']);
    this.#origins.keep(usedOrigins);
    if (head > last) this.#heads.tell(head, new Set(datasets));
  }

  #ending(head: number, at: string, datasets: readonly string[]): string[] {
    return [
      `UPDATE ${STORE} SET sequence = ${head}, committed_at = ${microsecondsOf(at)}`,
      notifyStatement(this.#schema, { by: this.#instance, head, datasets }),
    ];
  }
}

/** The numbers of origins in a commit. */
export async function resolveOrigins(
  { connection, origins, usedOrigins }: OpenCommit,
  wanted: Parameters<PostgresOrigins['resolve']>[1],
): Promise<OriginIds> {
  const found = await origins.resolve(connection, wanted);
  for (const [name, id] of found) usedOrigins.set(name, id);
  return found;
}

/** Keeps marks; one of the same kind and key is replaced. */
export async function writeMarks({ connection, stamp }: OpenCommit, marks: readonly StoredMark[]): Promise<void> {
  const last = new Map(marks.map((mark) => [JSON.stringify([mark.kind, mark.key]), mark]));
  if (last.size === 0) return;
  const each = [...last.values()];
  await connection.run(
    `INSERT INTO ${MARKS} (kind, key, value, made_at) SELECT *, $4::timestamp FROM unnest($1::text[], $2::text[], $3::text[]) ` +
      'ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, made_at = excluded.made_at',
    [...(['kind', 'key', 'value'] as const).map((name) => arrayOf(each.map((mark) => mark[name]))), stamp.at],
  );
}
