import type { Change, ChangeResult, WriteOutcome, WriteRequest } from '#domain/record/change.ts';
import { WriteDraft } from '#domain/record/write-draft.ts';
import { collectMarks, isSetBased } from '#domain/record/write-groups.ts';
import { compileFilter, SqlParameters } from '../sql/compile-filter.ts';
import { type CommitEnd, guardMarks, type OpenCommit, resolveOrigins, writeMarks } from './postgres-commits.ts';
import { postgresDialect } from './postgres-dialect.ts';
import { columnNames, currentTable, HISTORY_COLUMN_NAMES, historyTable } from './postgres-layout.ts';
import { PostgresLookup } from './postgres-lookup.ts';
import { nameOfOrigin } from './postgres-origins.ts';
import { storeMutations } from './postgres-table.ts';
import type { PostgresValue } from './postgres-values.ts';

/** What became of the requests of one commit. */
export interface WrittenGroup extends CommitEnd {
  readonly outcomes: readonly WriteOutcome[];
}

/** Writes a group of requests, each all-or-nothing for itself, into a commit. */
export async function writeGroup(commit: OpenCommit, group: readonly WriteRequest[]): Promise<WrittenGroup> {
  const [first] = group;
  await guardMarks(commit, first?.guards);
  const isDeletion = first !== undefined && isSetBased(first);
  const written = isDeletion ? await deleteMatching(commit, first) : await writeDraft(commit, group);
  await writeMarks(commit, collectMarks(group, written.outcomes));
  return written;
}

async function writeDraft(commit: OpenCommit, group: readonly WriteRequest[]): Promise<WrittenGroup> {
  const lookup = new PostgresLookup(commit.connection, commit.stamp);
  const { draft, outcomes } = await lookup.settle(() => {
    const made = new WriteDraft(lookup, commit.stamp);
    return { draft: made, outcomes: group.map((request) => made.apply(request)) };
  });
  const mutations = draft.mutations();
  for (const mutation of mutations) await storeMutations(commit, mutation);
  return { outcomes, nextSeq: draft.nextSeq, datasets: mutations.map(({ dataset }) => dataset.name) };
}

/** Deletes all that match a filter inside the engine, however many. */
async function deleteMatching(commit: OpenCommit, request: WriteRequest): Promise<WrittenGroup> {
  const origins = await resolveOrigins(commit, [request.origin]);
  const originId = origins.get(nameOfOrigin(request.origin)) ?? 0;
  const results: ChangeResult[] = [];
  let nextSeq = commit.stamp.firstSeq;
  for (const change of request.changes) {
    const count = await deleteOne(commit, change, nextSeq, originId);
    nextSeq += count;
    results.push({ kind: 'deleted', count });
  }
  return {
    outcomes: [{ ok: true, results }],
    nextSeq,
    datasets: request.changes.map(({ dataset }) => dataset.name),
  };
}

async function deleteOne(
  { connection, stamp }: OpenCommit,
  change: Change,
  firstSeq: number,
  originId: number,
): Promise<number> {
  if (change.kind !== 'delete-matching') throw new TypeError('a request that deletes by a filter can do nothing else');
  const { dataset, filter } = change;
  const parameters = new SqlParameters();
  const condition = compileFilter(filter, postgresDialect, parameters);
  const columns = columnNames(dataset).join(', ');
  const at = parameters.add(stamp.at);
  return connection.run(
    `WITH gone AS (DELETE FROM ${currentTable(dataset)} WHERE ${condition} RETURNING ${columns}) ` +
      `INSERT INTO ${historyTable(dataset)} (${HISTORY_COLUMN_NAMES.join(', ')}, ${columns}) ` +
      `SELECT ${firstSeq - 1} + row_number() OVER (ORDER BY _seq), ${at}::timestamp, ${originId}, true, ${columns} FROM gone`,
    parameters.values as PostgresValue[],
  );
}
