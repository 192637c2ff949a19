import { undoingRun } from '#domain/record/run-work.ts';
import { literal } from './identifier.ts';

interface RunTables {
  readonly current: string;
  readonly history: string;
  /** The table of callers and runs. */
  readonly origins: string;
  /** Columns that the engine makes records of. */
  readonly columns: string;
}

/** What is to be asked to find the work of a run; each question takes no parameter. */
export interface RunWorkSql {
  /** Ids of what others have changed since. */
  readonly overtaken: string;
  /** Id and version of what stands as the run left it. */
  readonly standing: string;
  /** Those records as they stood before. */
  readonly before: string;
  /** What the run deleted, as it stood before. */
  readonly gone: string;
}

/** The questions, in words that every SQL engine of ours has; the layout of their tables is the same. */
export function runWorkSql({ current, history, origins, columns }: RunTables, run: string, limit: number): RunWorkSql {
  const made = (...runs: string[]) => `(SELECT id FROM ${origins} WHERE run IN (${runs.map(literal).join(', ')}))`;
  const mine = made(run);
  const standing = (what: string) =>
    `SELECT ${what} FROM ${current} WHERE _origin IN ${mine} ORDER BY _seq DESC LIMIT ${limit}`;
  const ended = `FROM ${history} AS h WHERE _to_origin IN ${mine} AND _origin NOT IN ${mine}`;
  return {
    overtaken: `SELECT DISTINCT _id FROM ${history} WHERE _origin IN ${mine} AND _to_origin NOT IN ${made(run, undoingRun(run))} LIMIT ${limit}`,
    standing: standing('_id, _version'),
    before: `SELECT ${columns} ${ended} AND _id IN (SELECT _id FROM (${standing('_id')}) AS s)`,
    gone: `SELECT ${columns} ${ended} AND NOT EXISTS (SELECT 1 FROM ${current} AS c WHERE c._id = h._id) LIMIT ${limit}`,
  };
}
