import type { SQLInputValue } from 'node:sqlite';
import type { Job, JobState } from '#domain/job/job.ts';

/** The form of the file, in its `user_version`. */
const FORMAT = 1;

/** What a file without a form is given. */
export const TABLES = `
  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    key TEXT,
    lane TEXT,
    lane_limit INTEGER,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    tried INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL,
    first_wait INTEGER NOT NULL,
    most_wait INTEGER NOT NULL,
    interrupted INTEGER NOT NULL DEFAULT 0,
    progress TEXT,
    result TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER
  ) STRICT;
  CREATE TABLE lines (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number INTEGER NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (job, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX waiting ON jobs (kind, priority DESC, id) WHERE state = 'waiting';
  CREATE INDEX ended ON jobs (state, id) WHERE state IN ('done', 'failed', 'cancelled');
  CREATE INDEX running ON jobs (id) WHERE state = 'running';
  CREATE INDEX later ON jobs (run_at) WHERE state = 'waiting';
  CREATE UNIQUE INDEX keys ON jobs (kind, key) WHERE key IS NOT NULL AND state IN ('waiting', 'running');
  PRAGMA user_version = ${FORMAT};
`;

/** A row of the table of jobs, by the names of its columns. */
export type JobRow = Readonly<Record<string, SQLInputValue>>;

export function jobOf(row: JobRow): Job {
  const text = (name: string) => (row[name] === null ? null : String(row[name]));
  const time = (name: string) => (row[name] === null ? null : Number(row[name]));
  const json = (name: string) => (row[name] === null ? null : JSON.parse(String(row[name])));
  const lane = text('lane');
  return {
    id: String(row.id),
    kind: String(row.kind),
    data: json('data'),
    key: text('key'),
    lane: lane === null ? null : { name: lane, limit: Number(row.lane_limit) },
    priority: Number(row.priority),
    state: row.state as JobState,
    tried: Number(row.tried),
    attempts: Number(row.attempts),
    backoff: { first: Number(row.first_wait), most: Number(row.most_wait) },
    progress: json('progress'),
    result: json('result'),
    error: json('error'),
    createdAt: Number(row.created_at),
    startedAt: time('started_at'),
    endedAt: time('ended_at'),
  };
}
