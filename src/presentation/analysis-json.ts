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
    progress: { rows_read: run.rowsRead, rows_out: run.rowsOut },
    log: run.log.map(({ at, message }) => ({ at: time(at), message })),
    error: run.error === null ? null : problemOf(run.error),
  };
}

/** The columns and rows of a result as members of a JSON object. */
export function resultMembers({ columns, batches, rows }: AnalysisResult): string {
  const typed = columns.map(({ name, dbType }): SqlColumn => {
    return { name, type: sqlTypeOf(dbType), typeName: formatDbType(dbType), dbType };
  });
  const shown = typed.map(({ name, typeName }) => ({ name, type: typeName }));
  const lines = batches.flatMap(({ length, columns: vectors }) => [
    ...rowsAsArrays(typed, { length, columns: vectors.map((vector) => ({ ...vector, length, children: [] })) }),
  ]);
  return `"columns":${JSON.stringify(shown)},"rows":[${lines.join(',')}],"row_count":${rows}`;
}
