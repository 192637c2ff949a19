import { randomInt } from 'node:crypto';
import { DataForgeError } from '#domain/errors.ts';
import type { MarkGuard, Origin } from '#domain/record/change.ts';
import { CommitClock } from '#domain/record/commit-clock.ts';
import { idPrefix } from '#domain/record/id.ts';
import { SequenceNumbers } from '#domain/record/sequence.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import { checkGuards, type StoredMark } from '#domain/record/write-groups.ts';
import { CommitLock } from '../shared/commit-lock.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import type { PostgresHeads } from './postgres-heads.ts';
import { MARKS, STORE } from './postgres-layout.ts';
import { notifyStatement } from './postgres-notices.ts';
import { nameOfOrigin, type OriginIds, PostgresOrigins } from './postgres-origins.ts';
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

type Work = (commit: OpenCommit) => Promise<CommitEnd>;

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
  async commit(work: Work): Promise<void> {
    await this.#lock.hold(() => this.pool.use(null, (connection) => this.#run(connection, ['BEGIN'], null, work)));
  }

  /** The same on a connection that the caller has. */
  async commitOn(connection: PostgresConnection, work: Work): Promise<void> {
    await this.#lock.hold(() => this.#run(connection, ['BEGIN'], null, work));
  }

  /** The same at the end of a transaction that the caller has begun. */
  async commitIn(connection: PostgresConnection, work: Work): Promise<void> {
    await this.#lock.hold(() => this.#run(connection, [], null, work));
  }

  /** Numbers, a time and ids for what begins now and is committed, by `commitFar`, some time later. */
  async stampFar(connection: PostgresConnection): Promise<CommitStamp> {
    const row = await connection.row(`SELECT sequence, committed_at FROM ${STORE}`);
    return this.#stamp(Number(row?.[0]) + 1 + SequenceNumbers.FAR, BigInt(row?.[1] ?? 0));
  }

  /**
   * Commits what has numbers from `stampFar` on, at the end of a transaction that the caller has begun.
   * @throws DataForgeError `too_many_requests` where so much was committed meanwhile that its numbers are passed
   */
  async commitFar(connection: PostgresConnection, stamp: CommitStamp, work: Work): Promise<void> {
    await this.#lock.hold(() => this.#run(connection, [], stamp, work));
  }

  /** The number of an origin, stored for good, so that who uses it holds up nobody until he commits. */
  async originId(origin: Origin): Promise<number> {
    let id = 0;
    await this.commit(async (commit) => {
      id = Number((await resolveOrigins(commit, [origin])).get(nameOfOrigin(origin)));
      return { nextSeq: commit.stamp.firstSeq, datasets: [] };
    });
    return id;
  }

  async #run(
    connection: PostgresConnection,
    opening: readonly string[],
    given: CommitStamp | null,
    work: Work,
  ): Promise<void> {
    const lock = `SELECT sequence, committed_at FROM ${STORE} FOR UPDATE`;
    const [row] = await connection.batch([...opening, lock]);
    const last = Number(row?.[0]);
    const lastMicros = BigInt(row?.[1] ?? 0);
    const stamp = given ?? this.#stamp(last + 1, lastMicros);
    if (last >= stamp.firstSeq) throw passed();
    const usedOrigins = new Map<string, number>();
    const { nextSeq, datasets } = await work({ connection, stamp, origins: this.#origins, usedOrigins });
    const head = nextSeq - 1;
    const isChange = head > last;
    const micros = microsecondsOf(stamp.at);
    const at = micros > lastMicros ? micros : lastMicros;
    await connection.batch(isChange ? [...this.#ending(head, at, datasets), 'COMMIT'] : ['COMMIT']);
    this.#origins.keep(usedOrigins);
    if (isChange) this.#heads.tell(head, new Set(datasets));
  }

  #stamp(firstSeq: number, lastMicros: bigint): CommitStamp {
    const { at, milliseconds } = this.#clock.next(lastMicros);
    return { firstSeq, at, idPrefix: idPrefix(milliseconds, randomInt(2 ** 26)) };
  }

  #ending(head: number, at: bigint, datasets: readonly string[]): string[] {
    return [
      `UPDATE ${STORE} SET sequence = ${head}, committed_at = ${at}`,
      notifyStatement(this.#schema, { by: this.#instance, head, datasets }),
    ];
  }
}

function passed(): DataForgeError {
  return new DataForgeError(
    'too_many_requests',
    'So much else was committed while these rows came that their numbers are taken; send them again.',
    { retryable: true },
  );
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

/** @throws DataForgeError `version_moved` */
export async function guardMarks({ connection }: OpenCommit, guards: readonly MarkGuard[] = []): Promise<void> {
  const marks: (string | null)[] = [];
  for (const { kind, key } of guards) {
    const sql = `SELECT value FROM ${MARKS} WHERE kind = $1 AND key = $2`;
    marks.push((await connection.row(sql, [kind, key]))?.[0] ?? null);
  }
  checkGuards(guards, marks);
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
