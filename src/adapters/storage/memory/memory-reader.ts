import { scheduler } from 'node:timers/promises';
import type {
  BatchOptions,
  ReadOptions,
  RecordPage,
  RecordReader,
  StreamFormat,
} from '#application/ports/record-reader.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import { aggregate } from '#domain/query/aggregate.ts';
import type { Aggregation } from '#domain/query/aggregation.ts';
import { compileFilter } from '#domain/query/evaluate.ts';
import { valueOfField } from '#domain/query/field.ts';
import { compareRecordsBy, isBehind, positionOf } from '#domain/query/order.ts';
import type { Filter, PageQuery, StreamQuery } from '#domain/query/query.ts';
import type { RecordBatch } from '#domain/record/batch.ts';
import { type FlatColumn, namedColumns } from '#domain/record/flat-columns.ts';
import type { RenderedRecord, StoredRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import { writeArrowStream } from '#formats/arrow/write-arrow.ts';
import { writeValues } from '#formats/columns/write-values.ts';
import { recordRenderer } from '#formats/json/render-record.ts';
import { type LineWriter, lineWriter } from '#formats/rows/write-rows.ts';
import { throwIfAborted } from './memory-abort.ts';
import type { MemoryStore } from './memory-store.ts';

/** Records that are rendered before the next turn of the event loop. */
const BLOCK = 2048;

/** Reads over lists of immutable records: a list that was copied once is a snapshot for as long as it is held. */
export class MemoryReader implements RecordReader {
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  /** Lists are gone through from end to end; there is nothing to plan. */
  async explain(): Promise<null> {
    return null;
  }

  async page(query: PageQuery, options: ReadOptions): Promise<RecordPage> {
    throwIfAborted(options.signal);
    const { dataset, sort, start, size } = query;
    const matching = this.#matching(dataset, query.filter, options.at).sort(compareRecordsBy(sort));
    const from = start.kind === 'offset' ? start.offset : firstWhere(matching, isBehind(sort, start.position));
    const page = matching.slice(from, from + size);
    const last = page.at(-1);
    const render = rendererOf(dataset, query.fields);
    return {
      records: page.map(render),
      total: matching.length,
      last: last === undefined ? null : positionOf(sort, last),
      positionAt: (index) => positionOf(sort, page[index] as StoredRecord),
    };
  }

  async count(dataset: Dataset, filter: Filter | null, options: ReadOptions): Promise<number> {
    throwIfAborted(options.signal);
    return this.#matching(dataset, filter, options.at).length;
  }

  async aggregate(query: Aggregation, options: ReadOptions): Promise<Value[][]> {
    throwIfAborted(options.signal);
    return aggregate(query, this.#matching(query.dataset, query.filter, options.at));
  }

  async byIds(dataset: Dataset, ids: readonly string[], options: ReadOptions): Promise<(RenderedRecord | null)[]> {
    throwIfAborted(options.signal);
    const render = rendererOf(dataset, null);
    const find = this.#finder(dataset, options.at);
    return ids.map((id) => {
      const record = find(id);
      return record === null ? null : render(record);
    });
  }

  async byKeys(
    dataset: Dataset,
    keys: readonly (readonly Value[])[],
    options: ReadOptions,
  ): Promise<(RenderedRecord | null)[]> {
    throwIfAborted(options.signal);
    const render = rendererOf(dataset, null);
    return keys.map((key) => {
      const record = this.#store.byKey(dataset, key);
      return record === null ? null : render(record);
    });
  }

  stream(query: StreamQuery, format: StreamFormat, options: ReadOptions): AsyncIterable<Uint8Array> {
    if (format === 'parquet') throw new DataForgeError('not_acceptable', 'The memory engine does not write parquet.');
    if (format !== 'arrow') return this.#lines(query, lineWriter(query.dataset, query.fields, format), options);
    const { schema, batches } = this.batches(query, options);
    return writeArrowStream(schema, batches);
  }

  batches(query: StreamQuery, options: BatchOptions) {
    const schema = namedColumns(query.dataset, query.fields, options.columns);
    return { schema, batches: this.#batches(query, schema, options) };
  }

  async *#lines(query: StreamQuery, { header, line }: LineWriter, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    if (header !== '') yield encoder.encode(header);
    for await (const records of this.#blocks(query, options)) yield encoder.encode(records.map(line).join(''));
  }

  async *#batches(
    query: StreamQuery,
    schema: readonly FlatColumn[],
    options: ReadOptions,
  ): AsyncGenerator<RecordBatch> {
    for await (const records of this.#blocks(query, options)) {
      const columns = schema.map(({ dbType, field }) =>
        writeValues(
          dbType,
          records.map((record) => valueOfField(field, record)),
        ),
      );
      yield { length: records.length, columns };
    }
  }

  /** The records of a query in blocks; the snapshot is taken when the first one is asked for. */
  async *#blocks({ dataset, filter, sort, limit }: StreamQuery, { at, signal }: ReadOptions) {
    throwIfAborted(signal);
    const matching = this.#matching(dataset, filter, at);
    if (sort.length > 0) matching.sort(compareRecordsBy(sort));
    const end = Math.min(matching.length, limit ?? matching.length);
    for (let from = 0; from < end; from += BLOCK) {
      yield matching.slice(from, Math.min(from + BLOCK, end));
      await scheduler.yield();
      throwIfAborted(signal);
    }
  }

  #matching(dataset: Dataset, filter: Filter | null, at: number | null): StoredRecord[] {
    const records = this.#store.table(dataset).records(at);
    if (filter === null) return records;
    const condition = compileFilter(filter);
    return records.filter((record) => condition(record) === true);
  }

  #finder(dataset: Dataset, at: number | null): (id: string) => StoredRecord | null {
    const table = this.#store.table(dataset);
    if (at === null) return (id) => table.get(id);
    const then = new Map(table.records(at).map((record) => [record.id, record]));
    return (id) => then.get(id) ?? null;
  }
}

function rendererOf(dataset: Dataset, fields: readonly number[] | null): (record: StoredRecord) => RenderedRecord {
  const render = recordRenderer(dataset, fields);
  return (record) => ({ id: record.id, version: record.version, json: render(record) });
}

/** The first position that `test` holds for; it holds for all behind the first. */
function firstWhere(records: readonly StoredRecord[], test: (record: StoredRecord) => boolean): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const record = records[middle];
    if (record !== undefined && test(record)) high = middle;
    else low = middle + 1;
  }
  return low;
}
