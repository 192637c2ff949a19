import type {
  BatchOptions,
  ReadOptions,
  RecordPage,
  RecordReader,
  StreamFormat,
} from '#application/ports/record-reader.ts';
import { constraintValues, keyText } from '#domain/dataset/constraints.ts';
import { type Dataset, keyIndexes } from '#domain/dataset/dataset.ts';
import type { Aggregation } from '#domain/query/aggregation.ts';
import type { Filter, PageQuery, StreamQuery } from '#domain/query/query.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { namedColumns } from '#domain/record/flat-columns.ts';
import type { RenderedRecord, StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import { throwIfAborted } from '../shared/abort.ts';
import { parquetOf } from '../shared/parquet-stream.ts';
import { aggregateRecords } from './postgres-aggregate.ts';
import { streamBlocks } from './postgres-block-stream.ts';
import { findByIds, findByKeys } from './postgres-lookup.ts';
import { countRecords, explainQuery, readPage } from './postgres-queries.ts';
import type { PostgresStore } from './postgres-store.ts';

/** Reads on PostgreSQL. */
export class PostgresReader implements RecordReader {
  readonly #store: PostgresStore;

  constructor(store: PostgresStore) {
    this.#store = store;
  }

  page(query: PageQuery, { signal }: ReadOptions): Promise<RecordPage> {
    return this.#store.reads.use(signal, (connection) => readPage(connection, query));
  }

  count(dataset: Dataset, filter: Filter | null, { signal }: ReadOptions): Promise<number> {
    return this.#store.reads.use(signal, (connection) => countRecords(connection, dataset, filter));
  }

  aggregate(query: Aggregation, { signal }: ReadOptions): Promise<readonly (readonly Value[])[]> {
    return this.#store.reads.use(signal, (connection) => aggregateRecords(connection, query));
  }

  async byIds(dataset: Dataset, ids: readonly string[], { signal }: ReadOptions) {
    throwIfAborted(signal);
    const asked = [...new Set(ids)];
    const found = await this.#store.reads.use(signal, (connection) => findByIds(connection, dataset, asked));
    const byId = rendered(dataset, found, ({ id }) => id);
    return ids.map((id) => byId.get(id) ?? null);
  }

  async byKeys(dataset: Dataset, keys: readonly (readonly Value[])[], { signal }: ReadOptions) {
    throwIfAborted(signal);
    const key = { kind: 'key', indexes: keyIndexes(dataset) } as const;
    const asked = [...new Map(keys.map((values) => [keyText(values), values])).values()];
    const found = await this.#store.reads.use(signal, (connection) => findByKeys(connection, dataset, key, asked));
    const byKey = rendered(dataset, found, ({ row }) => keyText(constraintValues(key, row) ?? []));
    return keys.map((values) => byKey.get(keyText(values)) ?? null);
  }

  explain(query: PageQuery | StreamQuery): Promise<string> {
    return this.#store.reads.use(null, (connection) => explainQuery(connection, query));
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
        return streamBlocks(this.#store, { query, kind: format }, options.signal) as AsyncIterable<Uint8Array>;
    }
  }

  batches(query: StreamQuery, { signal, columns }: BatchOptions) {
    const schema = namedColumns(query.dataset, query.fields, columns);
    return {
      schema,
      batches: streamBlocks(this.#store, { query, kind: 'batches', columns }, signal) as AsyncIterable<RecordBatch>,
    };
  }
}

function rendered(dataset: Dataset, records: readonly StoredRecord[], nameOf: (record: StoredRecord) => string) {
  const render = recordRenderer(dataset, null);
  return new Map(
    records.map((record): [string, RenderedRecord] => [
      nameOf(record),
      { id: record.id, version: record.version, json: render(record) },
    ]),
  );
}
