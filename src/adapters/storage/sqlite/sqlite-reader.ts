import type {
  BatchOptions,
  ReadOptions,
  RecordPage,
  RecordReader,
  StreamFormat,
} from '#application/ports/record-reader.ts';
import { type Dataset, keyIndexes } from '#domain/dataset/dataset.ts';
import type { Aggregation } from '#domain/query/aggregation.ts';
import type { Filter, PageQuery, Position, StreamQuery } from '#domain/query/query.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { namedColumns } from '#domain/record/flat-columns.ts';
import type { RenderedRecord, StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import { throwIfAborted } from '../shared/abort.ts';
import type { Block, BlockKind } from '../shared/block-renderer.ts';
import { parquetOf } from '../shared/parquet-stream.ts';
import { translateSqliteError } from './sqlite-errors.ts';
import { SqliteLookup } from './sqlite-lookup.ts';
import type { SqliteStore } from './sqlite-store.ts';

/** Reads on SQLite: by id and by key here, all that may take long on a thread of its own. */
export class SqliteReader implements RecordReader {
  readonly #store: SqliteStore;

  constructor(store: SqliteStore) {
    this.#store = store;
  }

  async page(query: PageQuery, { signal }: ReadOptions): Promise<RecordPage> {
    const { records, total, positions } = await this.#store.readers.call('page', query, { signal });
    return {
      records,
      total,
      last: positions.at(-1) ?? null,
      positionAt: (index) => positions[index] as Position,
    };
  }

  count(dataset: Dataset, filter: Filter | null, { signal }: ReadOptions): Promise<number> {
    return this.#store.readers.call('count', { dataset, filter }, { signal });
  }

  aggregate(query: Aggregation, { signal }: ReadOptions): Promise<readonly (readonly Value[])[]> {
    return this.#store.readers.call('aggregate', query, { signal });
  }

  async byIds(dataset: Dataset, ids: readonly string[], options: ReadOptions) {
    return this.#points(dataset, ids, (lookup, id) => lookup.byId(id), options);
  }

  async byKeys(dataset: Dataset, keys: readonly (readonly Value[])[], options: ReadOptions) {
    const key = { indexes: keyIndexes(dataset) };
    return this.#points(dataset, keys, (lookup, values) => lookup.byKey(key, values), options);
  }

  explain(query: PageQuery | StreamQuery): Promise<string> {
    return this.#store.readers.call('explain', query);
  }

  stream(query: StreamQuery, format: StreamFormat, options: ReadOptions): AsyncIterable<Uint8Array> {
    switch (format) {
      case 'arrow': {
        const { schema, batches } = this.batches(query, options);
        return writeArrowStream(schema, batches);
      }
      case 'parquet':
        return parquetOf(this.batches(query, options), this.#store, options.signal);
      default:
        return this.#blocks(query, format, options) as AsyncIterable<Uint8Array>;
    }
  }

  batches(query: StreamQuery, options: BatchOptions) {
    const schema = namedColumns(query.dataset, query.fields, options.columns);
    return { schema, batches: this.#blocks(query, 'batches', options) as AsyncIterable<RecordBatch> };
  }

  #points<T>(
    dataset: Dataset,
    wanted: readonly T[],
    find: (lookup: SqliteLookup, one: T) => StoredRecord | null,
    { signal }: ReadOptions,
  ): (RenderedRecord | null)[] {
    throwIfAborted(signal);
    const { points } = this.#store;
    const lookup = new SqliteLookup(points, dataset);
    const render = recordRenderer(dataset, null);
    const findOne = (one: T): RenderedRecord | null => {
      const record = find(lookup, one);
      return record === null ? null : { id: record.id, version: record.version, json: render(record) };
    };
    try {
      return wanted.length === 1 ? wanted.map(findOne) : points.snapshot(() => wanted.map(findOne));
    } catch (error) {
      throw translateSqliteError(error);
    }
  }

  /** While one block is sent the thread makes the next. */
  async *#blocks(query: StreamQuery, kind: BlockKind, { signal, columns }: BatchOptions): AsyncGenerator<Block> {
    const { gate, readers } = this.#store;
    const thread = readers.pick();
    const id = await gate.run(signal, () => thread.call('openStream', { query, kind, columns }, { signal }));
    const read = () => gate.run(signal, () => thread.call('nextBlock', id, { signal }));
    let next = read();
    try {
      for (;;) {
        const block = await next;
        if (block === null) return;
        next = read();
        // It is awaited above; a consumer that stops in between is no reason to complain.
        next.catch(() => {});
        yield block;
      }
    } finally {
      await next.catch(() => {});
      await thread.call('closeStream', id).catch(() => {});
    }
  }
}
