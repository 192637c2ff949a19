import type { ProcessorInput } from '#application/ports/processor.ts';
import type { OpenRelations } from '#application/ports/relation-runner.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import type { Row } from '#domain/record/value.ts';
import { readRows } from '#formats/columns/read-values.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';

/** What an operation of this processor works with. */
export interface DuckDbContext {
  readonly input: ProcessorInput;
  readonly other: ProcessorInput | null;
  /** The rows, as `input` and `other`. */
  readonly relations: OpenRelations;
  /** For what SQL has no words for. */
  readonly kernels: WorkerPool;
  readonly signal: AbortSignal;
}

/** The rows of a SELECT that has few, as canonical values. */
export async function selectFew(
  { relations }: DuckDbContext,
  sql: string,
  columns: readonly ColumnSchema[],
): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of relations.select(sql, columns)) rows.push(...readRows(columns, batch));
  return rows;
}
