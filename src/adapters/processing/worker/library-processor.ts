import { NEVER } from '#application/call.ts';
import type { ComputedTable, ComputeRequest, Processor, ProcessorInput } from '#application/ports/processor.ts';
import { columnsRead, type OperationName, otherColumnsRead } from '#domain/analysis/analysis.ts';
import type { ColumnVector, RecordBatch } from '#domain/record/batch.ts';
import type { LibraryAnswer, LibraryMessage } from './library-messages.ts';
import { WorkerPool, type WorkerSession } from './worker-pool.ts';

export interface LibraryProcessorOptions {
  readonly name: string;
  /** The module of its thread; it calls `serveLibrary`. */
  readonly worker: URL;
  /** The operations it leaves to the default processor, each with why. */
  readonly lacks: Partial<Readonly<Record<OperationName, string>>>;
  readonly threads: number;
  readonly heapMegabytes: number | null;
}

/** A processor that is a library in threads of its own: rows are handed to a thread, which keeps them in memory. */
export class LibraryProcessor implements Processor {
  readonly name: string;
  readonly version: string;
  readonly #lacks: LibraryProcessorOptions['lacks'];
  readonly #threads: WorkerPool;

  private constructor(threads: WorkerPool, version: string, { name, lacks }: LibraryProcessorOptions) {
    this.name = name;
    this.version = version;
    this.#lacks = lacks;
    this.#threads = threads;
  }

  /** Loads the library in a first thread. @throws what that thread throws where the library is not there */
  static async open(options: LibraryProcessorOptions): Promise<LibraryProcessor> {
    const threads = new WorkerPool({
      url: options.worker,
      size: options.threads,
      heapMegabytes: options.heapMegabytes,
    });
    try {
      const version = await threads.use(NEVER, (thread) =>
        thread.ask<string>({ kind: 'version' } satisfies LibraryMessage),
      );
      return new LibraryProcessor(threads, version, options);
    } catch (error) {
      await threads.close();
      throw error;
    }
  }

  lackOf(operation: OperationName): string | null {
    return this.#lacks[operation] ?? null;
  }

  async compute({ analysis, input, other, signal }: ComputeRequest): Promise<ComputedTable> {
    const shapes = { columns: input.columns, others: other?.columns ?? [] };
    const answer = await this.#threads.use(signal, async (thread) => {
      await tell(thread, { kind: 'begin', analysis, ...shapes });
      await sendRows(thread, 'input', input, columnsRead(analysis, shapes), signal);
      if (other !== null) await sendRows(thread, 'other', other, otherColumnsRead(analysis, shapes), signal);
      return thread.ask<LibraryAnswer>({ kind: 'finish' } satisfies LibraryMessage);
    });
    return { columns: answer.columns, batches: each(answer.batches) };
  }

  close(): Promise<void> {
    return this.#threads.close();
  }
}

async function sendRows(
  thread: WorkerSession,
  table: 'input' | 'other',
  input: ProcessorInput,
  columns: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  // A count of rows alone reads no column; it still has to see how many there are.
  const read = columns.length > 0 ? columns : input.columns.slice(0, 1).map(({ name }) => name);
  for await (const batch of input.read(read, signal)) {
    const { owned, buffers } = ownedBatch(batch);
    await tell(thread, { kind: 'rows', table, batch: owned }, buffers);
  }
}

function tell(thread: WorkerSession, message: LibraryMessage, buffers: readonly ArrayBuffer[] = []): Promise<null> {
  return thread.ask<null>(message, buffers);
}

/** The batch in memory of its own that can be given away; copied only where a buffer has other things in it. */
function ownedBatch(batch: RecordBatch): { readonly owned: RecordBatch; readonly buffers: readonly ArrayBuffer[] } {
  const buffers = new Set<ArrayBuffer>();
  const own = <T extends Uint8Array | Int32Array>(view: T): T => {
    const isWhole = view.byteOffset === 0 && view.byteLength === view.buffer.byteLength;
    const owned = isWhole && !buffers.has(view.buffer as ArrayBuffer) ? view : (view.slice() as T);
    buffers.add(owned.buffer as ArrayBuffer);
    return owned;
  };
  const columns = batch.columns.map(({ validity, data, offsets }): ColumnVector => {
    return { validity: validity && own(validity), data: own(data), offsets: offsets && own(offsets) };
  });
  return { owned: { length: batch.length, columns }, buffers: [...buffers] };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
