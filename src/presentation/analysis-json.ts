import { setImmediate } from 'node:timers/promises';
import type { AnalysisResult, AnalysisRun } from '#application/analysis/analysis-run.ts';
import type { AnalyseRequest } from '#application/analysis/commands/analyse.ts';
import { formatDbType } from '#domain/dataset/db-type.ts';
import { JsonNumber, type JsonObject } from '#domain/record/json.ts';
import { type SqlColumn, sqlTypeOf } from '#domain/sql/sql-type.ts';
import { rowsAsArrays } from '#formats/sql/write-sql-rows.ts';
import { invalid, textMember } from './json-body.ts';
import { problemOf } from './problem.ts';

export const ANALYSIS_MEMBERS = ['dataset_id', 'operation', 'parameters', 'filters', 'wait_ms'];

/** What is to be analysed, out of a JSON object. */
export function readAnalyseRequest(json: JsonObject): AnalyseRequest {
  const wait = json.get('wait_ms') ?? null;
  if (wait !== null && !(wait instanceof JsonNumber)) throw invalid('/wait_ms', 'wait_ms must be a number.');
  return {
    dataset: textMember(json, 'dataset_id'),
    operation: textMember(json, 'operation'),
    parameters: json.get('parameters') ?? null,
    filters: json.get('filters') ?? null,
    wait: wait === null ? null : Number(wait.text),
  };
}

/** How an analysis stands, as every protocol shows it; times as in a record. */
export function analysisJob(run: AnalysisRun): Readonly<Record<string, unknown>> {
  const time = (milliseconds: number | null) => (milliseconds === null ? null : new Date(milliseconds).toISOString());
  return {
    id: run.id,
    state: run.state,
    dataset_id: run.dataset,
    operation: run.operation,
    processor: run.processor,
    note: run.lack === null ? null : `Computed by ${run.processor}: ${run.lack}.`,
    created_at: time(run.createdAt),
    started_at: time(run.startedAt),
    ended_at: time(run.endedAt),
    progress: { rows_read: run.rowsRead, rows_out: run.rowsOut, part: run.part },
    log: run.log.map(({ at, message }) => ({ at: time(at), message })),
    error: run.error === null ? null : problemOf(run.error),
  };
}

/** Rows whose text is one block. */
const BLOCK_ROWS = 1024;

/** The columns and rows of a result as members of a JSON object, block by block: between two, others get their turn. */
export async function* resultMembers({ columns, batches, rows }: AnalysisResult): AsyncGenerator<string> {
  const typed = columns.map(({ name, dbType }): SqlColumn => {
    return { name, type: sqlTypeOf(dbType), typeName: formatDbType(dbType), dbType };
  });
  yield `"columns":${JSON.stringify(typed.map(({ name, typeName }) => ({ name, type: typeName })))},"rows":[`;
  let separator = '';
  let block: string[] = [];
  for (const { length, columns: vectors } of batches) {
    const batch = { length, columns: vectors.map((vector) => ({ ...vector, length, children: [] })) };
    for (const row of rowsAsArrays(typed, batch)) {
      if (block.push(row) < BLOCK_ROWS) continue;
      yield separator + block.join(',');
      separator = ',';
      block = [];
      await setImmediate();
    }
  }
  if (block.length > 0) yield separator + block.join(',');
  yield `],"row_count":${rows}`;
}
