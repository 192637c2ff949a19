import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Enqueued, JobQuery, QueueHealth } from '#application/ports/task-queue.ts';
import type { Job, JobData, JobError, JobState, NewJob } from '#domain/job/job.ts';
import type { Told } from '../shared/words.ts';
import { type JobRow, jobOf, TABLES } from './local-jobs-layout.ts';

/** How an attempt came out. */
export type AttemptEnd =
  | { readonly kind: 'done'; readonly result: JobData | null }
  | { readonly kind: 'failed'; readonly error: JobError; readonly mayPass: boolean; readonly wait: number }
  | { readonly kind: 'cancelled' }
  /** It was stopped and is to be begun again, as if it had not been tried. */
  | { readonly kind: 'given-back' };

export interface Claimed {
  readonly jobs: readonly Job[];
  /** When the next job that waits for its time may begin; null where there is none. */
  readonly nextAt: number | null;
}

/** Jobs that have ended are kept so long as no more than this many newer ones have ended so. */
const KEPT: Readonly<Record<'done' | 'cancelled' | 'failed', number>> = { done: 1000, cancelled: 1000, failed: 10_000 };
const ENDS_BETWEEN_CLEARING = 500;
const KEPT_LINES = 1000;
/** A job in whose hands the process has ended so often is not begun again. */
const MAX_INTERRUPTED = 3;

/** The jobs of a local queue in their file. Everything is synchronous, so it belongs to one thread. */
export class LocalJobs {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** How many jobs of a lane run. */
  readonly #lanes = new Map<string, number>();
  #isDurable = true;
  #ended = 0;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 1000 });
    // Exclusive: what runs in another process must not be taken for what was left behind.
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
    this.#database.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    if (this.#row('PRAGMA user_version')?.user_version === 0) this.transaction(true, () => this.#database.exec(TABLES));
    this.transaction(true, () => this.#recover());
  }

  /** @param isDurable whether it is on disk when this returns, or only survives the end of the process */
  transaction<T>(isDurable: boolean, work: () => T): T {
    if (isDurable !== this.#isDurable) this.#database.exec(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}`);
    this.#isDurable = isDurable;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  enqueue(jobs: readonly NewJob[], now: number): Enqueued[] {
    return jobs.map((job) => {
      const there = job.key === null ? undefined : this.#row(ALIVE_OF_KEY, job.kind, job.key);
      if (there !== undefined) return { id: String(there.id), isNew: false };
      const { kind, data, key, lane, priority, delay, attempts, backoff } = job;
      const values = [kind, JSON.stringify(data), key, lane?.name ?? null, lane?.limit ?? null, priority];
      const times = [now + delay, attempts, backoff.first, backoff.most, now];
      return { id: String(this.#row(INSERT, ...values, ...times)?.id), isNew: true };
    });
  }

  /** Takes jobs whose time has come, of each kind the best so many. */
  claim(free: ReadonlyMap<string, number>, now: number): Claimed {
    const jobs = [...free].flatMap(([kind, count]) => this.#claimOf(kind, count, now));
    const later = this.#row("SELECT min(run_at) AS at FROM jobs WHERE state = 'waiting' AND run_at > ?", now);
    return { jobs, nextAt: later?.at == null ? null : Number(later.at) };
  }

  #claimOf(kind: string, count: number, now: number): Job[] {
    const jobs: Job[] = [];
    const full: string[] = [];
    while (jobs.length < count) {
      const rows = this.#rows(CLAIMABLE, kind, now, JSON.stringify(full), count - jobs.length);
      if (rows.length === 0) break;
      for (const row of rows) {
        if (row.lane != null && (this.#lanes.get(String(row.lane)) ?? 0) >= Number(row.lane_limit)) {
          full.push(String(row.lane));
          continue;
        }
        this.#enter(row.lane);
        jobs.push(jobOf({ ...row, state: 'running', started_at: now }));
        this.#run("UPDATE jobs SET state = 'running', started_at = ? WHERE id = ?", now, row.id ?? null);
      }
    }
    return jobs;
  }

  tell(id: string, { progress, lines }: Told): void {
    if (progress !== null) this.#run('UPDATE jobs SET progress = ? WHERE id = ?', JSON.stringify(progress), id);
    if (lines.length === 0) return;
    let number = Number(this.#row('SELECT max(number) AS last FROM lines WHERE job = ?', id)?.last ?? -1);
    for (const line of lines) this.#run('INSERT INTO lines (job, number, line) VALUES (?, ?, ?)', id, ++number, line);
    this.#run('DELETE FROM lines WHERE job = ? AND number <= ?', id, number - KEPT_LINES);
  }

  /** @returns the state the job is in then */
  end(id: string, end: AttemptEnd, now: number): JobState {
    const row = this.#row("SELECT * FROM jobs WHERE id = ? AND state = 'running'", id);
    if (row === undefined) return this.find(id)?.state ?? 'cancelled';
    this.#leave(row.lane);
    if (++this.#ended % ENDS_BETWEEN_CLEARING === 0) this.#clear();
    const tried = Number(row.tried) + 1;
    switch (end.kind) {
      case 'done': {
        const result = end.result === null ? null : JSON.stringify(end.result);
        this.#run(`${END} state = 'done', tried = ?, result = ?, error = NULL WHERE id = ?`, now, tried, result, id);
        return 'done';
      }
      case 'cancelled':
        this.#run(`${END} state = 'cancelled' WHERE id = ?`, now, id);
        return 'cancelled';
      case 'given-back':
        this.#run("UPDATE jobs SET state = 'waiting', started_at = NULL WHERE id = ?", id);
        return 'waiting';
      case 'failed': {
        const error = JSON.stringify(end.error);
        if (!end.mayPass || tried >= Number(row.attempts)) {
          this.#run(`${END} state = 'failed', tried = ?, error = ? WHERE id = ?`, now, tried, error, id);
          return 'failed';
        }
        const again =
          "UPDATE jobs SET state = 'waiting', tried = ?, error = ?, run_at = ?, started_at = NULL WHERE id = ?";
        this.#run(again, tried, error, now + end.wait, id);
        return 'waiting';
      }
    }
  }

  /** @returns the state it was in where it had not ended; a running one goes on until whoever runs it stops it */
  cancel(id: string, now: number): 'waiting' | 'running' | null {
    const state = this.find(id)?.state;
    if (state === 'waiting') this.#run(`${END} state = 'cancelled' WHERE id = ?`, now, id);
    return state === 'waiting' || state === 'running' ? state : null;
  }

  retry(id: string, now: number): boolean {
    const job = this.find(id);
    if (job?.state !== 'failed' && job?.state !== 'cancelled') return false;
    if (job.key !== null && this.#row(ALIVE_OF_KEY, job.kind, job.key) !== undefined) return false;
    this.#run(
      "UPDATE jobs SET state = 'waiting', tried = 0, interrupted = 0, run_at = ?, started_at = NULL, ended_at = NULL WHERE id = ?",
      now,
      id,
    );
    return true;
  }

  find(id: string): Job | null {
    if (!/^\d{1,15}$/.test(id)) return null;
    const row = this.#row('SELECT * FROM jobs WHERE id = ?', id);
    return row === undefined ? null : jobOf(row);
  }

  findByKey(kind: string, key: string): Job | null {
    const row = this.#row(ALIVE_OF_KEY, kind, key);
    return row === undefined ? null : jobOf(row);
  }

  list({ states, kind, limit }: JobQuery): Job[] {
    const sql =
      'SELECT * FROM jobs WHERE state IN (SELECT value FROM json_each(?1)) AND (?2 IS NULL OR kind = ?2) ORDER BY id DESC LIMIT ?3';
    return this.#rows(sql, JSON.stringify(states), kind, limit).map(jobOf);
  }

  log(id: string, from: number): string[] {
    const rows = this.#rows('SELECT line FROM lines WHERE job = ? AND number >= ? ORDER BY number', id, from);
    return rows.map(({ line }) => String(line));
  }

  counts(): QueueHealth['counts'] {
    const rows = this.#rows('SELECT state, count(*) AS jobs FROM jobs GROUP BY state');
    const counts = new Map(rows.map(({ state, jobs }) => [state, Number(jobs)]));
    const of = (state: JobState) => counts.get(state) ?? 0;
    return { waiting: of('waiting'), running: of('running'), failed: of('failed') };
  }

  close(): void {
    this.#database.close();
  }

  /** What ran when the process ended waits again. */
  #recover(): void {
    const error = JSON.stringify({
      code: 'internal',
      message: `The process ended ${MAX_INTERRUPTED} times while it did this job.`,
    } satisfies JobError);
    this.#run(
      "UPDATE jobs SET state = 'failed', error = ?, ended_at = started_at WHERE state = 'running' AND interrupted + 1 >= ?",
      error,
      MAX_INTERRUPTED,
    );
    this.#run(
      "UPDATE jobs SET state = 'waiting', interrupted = interrupted + 1, started_at = NULL WHERE state = 'running'",
    );
  }

  #clear(): void {
    for (const [state, kept] of Object.entries(KEPT)) {
      const older = 'SELECT id FROM jobs WHERE state = ? ORDER BY id DESC LIMIT -1 OFFSET ?';
      this.#run(`DELETE FROM jobs WHERE id IN (${older})`, state, kept);
    }
  }

  #enter(lane: SQLInputValue | undefined): void {
    if (lane != null) this.#lanes.set(String(lane), (this.#lanes.get(String(lane)) ?? 0) + 1);
  }

  #leave(lane: SQLInputValue | undefined): void {
    if (lane != null) this.#lanes.set(String(lane), (this.#lanes.get(String(lane)) ?? 1) - 1);
  }

  #run(sql: string, ...parameters: SQLInputValue[]): void {
    this.#statement(sql).run(...parameters);
  }

  #row(sql: string, ...parameters: SQLInputValue[]): JobRow | undefined {
    return this.#statement(sql).get(...parameters) as JobRow | undefined;
  }

  #rows(sql: string, ...parameters: SQLInputValue[]): JobRow[] {
    return this.#statement(sql).all(...parameters) as JobRow[];
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

const ALIVE_OF_KEY = "SELECT * FROM jobs WHERE kind = ? AND key = ? AND state IN ('waiting', 'running')";

const INSERT =
  'INSERT INTO jobs (kind, data, key, lane, lane_limit, priority, state, run_at, attempts, first_wait, most_wait, created_at) ' +
  "VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?) RETURNING id";

const CLAIMABLE =
  "SELECT * FROM jobs WHERE state = 'waiting' AND kind = ? AND run_at <= ? " +
  'AND (lane IS NULL OR lane NOT IN (SELECT value FROM json_each(?))) ORDER BY priority DESC, id LIMIT ?';

const END = 'UPDATE jobs SET ended_at = ?,';
