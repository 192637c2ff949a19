import type { ComputedTable, ComputeRequest, Processor, ProcessorInput } from '#application/ports/processor.ts';
import type { OpenRelations, Relation, RelationRunner } from '#application/ports/relation-runner.ts';
import { columnsRead, otherColumnsRead } from '#domain/analysis/analysis.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { WorkerPool } from '../worker/worker-pool.ts';
import type { DuckDbContext } from './duckdb-context.ts';
import { startOperation } from './duckdb-operations.ts';

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

  async compute(request: ComputeRequest): Promise<ComputedTable> {
    const { analysis, input, other, signal } = request;
    const relations = await this.#open(request);
    try {
      const context: DuckDbContext = { input, other, relations, kernels: this.#kernels, signal };
      const { columns, batches } = await startOperation(analysis, context);
      return { columns, batches: closing(batches, relations) };
    } catch (error) {
      await relations.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#kernels.close();
  }

  #open({ analysis, input, other, signal, onProgress }: ComputeRequest): Promise<OpenRelations> {
    const others = other?.columns ?? [];
    const relation = (name: string, from: ProcessorInput, columns: readonly string[]): Relation => {
      return {
        name,
        input: from,
        columns: columns.length > 0 ? columns : from.columns.slice(0, 1).map((one) => one.name),
      };
    };
    const relations = [relation('input', input, columnsRead(analysis, { columns: input.columns, others }))];
    if (other !== null) {
      relations.push(relation('other', other, otherColumnsRead(analysis, { columns: input.columns, others })));
    }
    const isStored = relations.every(({ input: { query } }) => query !== null);
    const runner = isStored && this.#stored !== null ? this.#stored : this.#loaded;
    return runner.open(relations, signal, onProgress);
  }
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
