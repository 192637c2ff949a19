import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Change, ChangeResult, WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import type { StoredLookup } from '#domain/record/dataset-image.ts';
import { microsecondsOf } from '#domain/record/time.ts';
import { type CommitStamp, WriteDraft } from '#domain/record/write-draft.ts';
import { groupsOf, isSetBased, type StoredMark } from '#domain/record/write-groups.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import type { Committed, SqliteCommits } from './sqlite-commits.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { translateSqliteError } from './sqlite-errors.ts';
import { columnNames, currentTable, HISTORY_COLUMN_NAMES, historyTable } from './sqlite-layout.ts';
import { SqliteLookup } from './sqlite-lookup.ts';
import { SqliteTable } from './sqlite-table.ts';
import type { SqliteValue } from './sqlite-values.ts';

/** Makes the marks of so many requests from the one at `first` on. */
export type MakeMarks = (first: number, outcomes: readonly WriteOutcome[]) => Promise<readonly StoredMark[]>;

/** Many requests, each all-or-nothing for itself, in as few transactions as can be. */
export async function commitRequests(
  commits: SqliteCommits,
  requests: readonly WriteRequest[],
  makeMarks: MakeMarks,
): Promise<{ readonly outcomes: readonly WriteOutcome[]; readonly committed: readonly Committed[] }> {
  const outcomes: WriteOutcome[] = [];
  const committed: Committed[] = [];
  for (const group of groupsOf(requests)) {
    const made = await commitGroup(commits, group, (each) => makeMarks(outcomes.length, each)).catch((cause) => {
      // What was committed before stands, and its requests are to hear so.
      const error = translateSqliteError(cause);
      return { outcomes: group.map((): WriteOutcome => ({ ok: false, error })), committed: null };
    });
    outcomes.push(...made.outcomes);
    if (made.committed !== null) committed.push(made.committed);
  }
  return { outcomes, committed };
}

async function commitGroup(
  commits: SqliteCommits,
  group: readonly WriteRequest[],
  makeMarks: (outcomes: readonly WriteOutcome[]) => Promise<readonly StoredMark[]>,
): Promise<{ readonly outcomes: readonly WriteOutcome[]; readonly committed: Committed | null }> {
  const stamp = commits.stamp();
  let outcomes: readonly WriteOutcome[] = [];
  const [first] = group;
  if (first === undefined) return { outcomes, committed: null };
  commits.checkGuards(first.guards);
  if (isSetBased(first)) {
    const committed = await commits.commit(async () => {
      const deleted = deleteMatching(commits, first, stamp);
      outcomes = [{ ok: true, results: deleted.results }];
      commits.writeMarks(await makeMarks(outcomes), stamp.at);
      return deleted;
    });
    return { outcomes, committed };
  }
  const committed = await commits.commit(async () => {
    const draft = new WriteDraft(lookupIn(commits.connection), stamp);
    outcomes = group.map((request) => draft.apply(request));
    const marks = await makeMarks(outcomes);
    const mutations = draft.mutations();
    for (const mutation of mutations) {
      new SqliteTable(commits.connection, commits.origins, mutation.dataset, stamp).store(mutation);
    }
    commits.writeMarks(marks, stamp.at);
    return { nextSeq: draft.nextSeq, datasets: mutations.map(({ dataset }) => dataset.name) };
  });
  return { outcomes, committed };
}

/** What a draft may ask of the store. */
export function lookupIn(connection: SqliteConnection): StoredLookup {
  const lookups = new Map<string, SqliteLookup>();
  const lookupOf = (dataset: Dataset) => {
    const known = lookups.get(dataset.name) ?? new SqliteLookup(connection, dataset);
    lookups.set(dataset.name, known);
    return known;
  };
  return {
    byId: (dataset, id) => lookupOf(dataset).byId(id),
    byKey: (dataset, constraint, _key, values) => lookupOf(dataset).byKey(constraint, values),
  };
}

/** Deletes all that match a filter inside the engine, however many. */
function deleteMatching(commits: SqliteCommits, request: WriteRequest, stamp: CommitStamp) {
  const originId = commits.origins.idOf(request.origin);
  const results: ChangeResult[] = [];
  let nextSeq = stamp.firstSeq;
  for (const change of request.changes) {
    const count = deleteOne(commits.connection, change, [nextSeq - 1, microsecondsOf(stamp.at), originId]);
    nextSeq += count;
    results.push({ kind: 'deleted', count });
  }
  return { results, nextSeq, datasets: request.changes.map(({ dataset }) => dataset.name) };
}

function deleteOne(connection: SqliteConnection, change: Change, [before, at, originId]: SqliteValue[]): number {
  if (change.kind !== 'delete-matching') throw new TypeError('a request that deletes by a filter can do nothing else');
  const { dataset, filter } = change;
  const parameters = new SqlParameters('?');
  const condition = compileFilter(filter, sqliteDialect, parameters);
  const columns = columnNames(dataset).join(', ');
  const kept = new SqlParameters('?');
  const shown = compileFilter(filter, sqliteDialect, kept);
  const end = [before, at, originId].map((value) => kept.add(value as string | number | bigint | null));
  connection.run(
    `INSERT INTO ${historyTable(dataset)} (${HISTORY_COLUMN_NAMES.join(', ')}, ${columns}) ` +
      `SELECT ${end[0]} + row_number() OVER (ORDER BY _seq), ${end[1]}, ${end[2]}, 1, ${columns} ` +
      `FROM ${currentTable(dataset)} WHERE ${shown}`,
    kept.values as SqliteValue[],
  );
  return connection.run(`DELETE FROM ${currentTable(dataset)} WHERE ${condition}`, parameters.values as SqliteValue[]);
}
