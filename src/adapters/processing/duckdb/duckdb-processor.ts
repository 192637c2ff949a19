import type { ComputedTable, ComputeRequest, Processor, ProcessorInput } from '#application/ports/processor.ts';
import type { OpenRelations, Relation, RelationRunner } from '#application/ports/relation-runner.ts';
import { type Analysis, columnsRead, resultColumns } from '#domain/analysis/analysis.ts';
import type { OperationInput } from '#domain/analysis/operation.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import type { Row } from '#domain/record/value.ts';
import { writeRows } from '#formats/columns/write-values.ts';
import { WorkerPool } from '../worker/worker-pool.ts';
import type { DuckDbContext } from './duckdb-context.ts';
import { correlationRows } from './operations/duckdb-correlation.ts';
import { groupSql } from './operations/duckdb-group.ts';
import { quantileRows } from './operations/duckdb-quantiles.ts';
import { fitRegression } from './operations/duckdb-regression.ts';
import { summaryRows } from './operations/duckdb-summary.ts';

export interface DuckDbProcessorOptions {
  readonly version: string;
  /** Where the rows lie, for engines that let SQL be run there; null for others. */
  readonly stored: RelationRunner | null;
  /** For all other rows. */
  readonly loaded: RelationRunner;
  readonly threads: number;
}

/** The default processor: SQL where the rows are, or on rows loaded into a DuckDB of its own. It has no lacks. */
export class DuckDbProcessor implements Processor {
  readonly name = 'duckdb';
  readonly version: string;
  readonly #stored: RelationRunner | null;
  readonly #loaded: RelationRunner;
  readonly #kernels: WorkerPool;

  constructor({ version, stored, loaded, threads }: DuckDbProcessorOptions) {
    this.version = version;
    this.#stored = stored;
    this.#loaded = loaded;
    this.#kernels = new WorkerPool({
      url: new URL('./kernel-worker.ts', import.meta.url),
      size: threads,
      heapMegabytes: null,
    });
  }

  lackOf(): null {
    return null;
  }

  async compute({ analysis, input, other, signal }: ComputeRequest): Promise<ComputedTable> {
    const relations = await this.#open(analysis, input, other, signal);
    try {
      const context: DuckDbContext = { input, other, relations, kernels: this.#kernels, signal };
      const columns = columnsOf(analysis, { columns: input.columns, others: other?.columns ?? [] });
      return { columns, batches: closing(await start(analysis, columns, context), relations) };
    } catch (error) {
      await relations.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#kernels.close();
  }

  #open(
    analysis: Analysis,
    input: ProcessorInput,
    other: ProcessorInput | null,
    signal: AbortSignal,
  ): Promise<OpenRelations> {
    const others = other?.columns ?? [];
    const relation = (name: string, from: ProcessorInput, columns: readonly string[]): Relation => {
      return {
        name,
        input: from,
        columns: columns.length > 0 ? columns : from.columns.slice(0, 1).map((one) => one.name),
      };
    };
    const relations = [relation('input', input, columnsRead(analysis, { columns: input.columns, others }))];
    if (other !== null)
      relations.push(
        relation(
          'other',
          other,
          other.columns.map(({ name }) => name),
        ),
      );
    const isStored = relations.every(({ input: { query } }) => query !== null);
    const runner = isStored && this.#stored !== null ? this.#stored : this.#loaded;
    return runner.open(relations, signal);
  }
}

function columnsOf(analysis: Analysis, input: OperationInput): readonly ColumnSchema[] {
  const columns = resultColumns(analysis, input);
  if (columns === null) throw new RangeError(`the columns of ${analysis.operation} are not known`);
  return columns;
}

async function start(
  analysis: Analysis,
  columns: readonly ColumnSchema[],
  context: DuckDbContext,
): Promise<AsyncIterable<RecordBatch>> {
  const select = (sql: string) => context.relations.select(sql, columns);
  const table = (rows: readonly Row[]) => batchesOf(columns, rows);
  switch (analysis.operation) {
    case 'summary':
      return table(await summaryRows(analysis.parameters, context));
    case 'group':
      return select(groupSql(analysis.parameters));
    case 'quantiles':
      return table(await quantileRows(analysis.parameters, context));
    case 'correlation':
      return table(await correlationRows(analysis.parameters, context));
    case 'regression':
      return table(await fitRegression(analysis.parameters, context));
  }
}

async function* batchesOf(columns: readonly ColumnSchema[], rows: readonly Row[]): AsyncGenerator<RecordBatch> {
  if (rows.length > 0) yield writeRows(columns, rows);
}

/** Not a generator alone: one that is dropped before it began would close nothing. */
function closing(batches: AsyncIterable<RecordBatch>, relations: OpenRelations): AsyncIterable<RecordBatch> {
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= relations.close();
    return closed;
  };
  const iterator = batches[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        try {
          const next = await iterator.next();
          if (next.done) await close();
          return next;
        } catch (error) {
          await close();
          throw error;
        }
      },
      return: async () => {
        await iterator.return?.();
        await close();
        return { done: true, value: undefined };
      },
    }),
  };
}
