import type { BulkCounts, BulkFormat, BulkRequest } from '#application/ports/bulk-loader.ts';
import type { ReadOptions, RecordPage, StreamFormat } from '#application/ports/record-reader.ts';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { decodeCursor, encodeCursor } from '#domain/query/cursor.ts';
import { parseFilter } from '#domain/query/parse-filter.ts';
import { parseSort } from '#domain/query/parse-sort.ts';
import type { RecordQuery } from '#domain/query/query.ts';
import type { Change, ChangeResult, Origin, WriteRequest } from '#domain/record/change.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { inPieces, textOf } from './bytes.ts';

export const ORIGIN: Origin = { caller: 'tester', run: null };

const LIMITS = { maxConditions: 1000, maxDepth: 50, maxListLength: 1000 };

/** What a test asks of a page or a stream, as plain values. */
export interface Asked {
  filters?: unknown;
  sort?: unknown;
  fields?: readonly number[];
}

/** A record as `JSON.parse` gives it. */
export interface ShownRecord {
  id: string;
  schema_name: string;
  data: Record<string, unknown>;
  created_at: string;
  updated_at: string;
  version: number;
  composite_id?: string;
}

/** Drives an engine with plain values, so that a test reads like the API. */
export class StoreDriver {
  readonly engine: StorageEngine;

  constructor(engine: StorageEngine) {
    this.engine = engine;
  }

  /** Makes the dataset's tables, or fits them to a changed dataset. */
  async use(dataset: Dataset, options = { acceptLoss: false }): Promise<Dataset> {
    await this.engine.datasets.apply(await this.engine.datasets.plan(dataset), options);
    return dataset;
  }

  row(dataset: Dataset, data: object): Row {
    const verdict = compileRowValidator(dataset, compileRe2).create(jsonFrom(data), '');
    if (!verdict.ok) throw new Error(verdict.faults.map(({ message }) => message).join('\n'));
    return verdict.value.row;
  }

  createChange(dataset: Dataset, data: object, options: Partial<Change & { kind: 'create' }> = {}): Change {
    return { kind: 'create', dataset, row: this.row(dataset, data), id: null, onConflict: 'error', ...options };
  }

  /** One commit of one request; throws what made it fail. */
  async change(...changes: Change[]): Promise<readonly ChangeResult[]> {
    const [outcome] = await this.engine.writer.commit([request(changes)]);
    if (outcome === undefined) throw new Error('a commit of one request had no outcome');
    if (!outcome.ok) throw outcome.error;
    return outcome.results;
  }

  async create(dataset: Dataset, ...rows: object[]): Promise<StoredRecord[]> {
    const results = await this.change(...rows.map((data) => this.createChange(dataset, data)));
    return results.map(recordOf);
  }

  async patch(dataset: Dataset, id: string, data: Record<string, Value>, ifVersion: number | null = null) {
    const values = new Map(
      Object.entries(data).map(([name, value]) => [dataset.properties.findIndex((p) => p.name === name), value]),
    );
    const [result] = await this.change({ kind: 'patch', dataset, id, values, ifVersion });
    return result;
  }

  async delete(dataset: Dataset, id: string, ifVersion: number | null = null): Promise<void> {
    await this.change({ kind: 'delete', dataset, id, ifVersion });
  }

  query(dataset: Dataset, { filters = null, sort = null, fields }: Asked): RecordQuery {
    return {
      dataset,
      filter: parseFilter(dataset, jsonFrom(filters), LIMITS),
      sort: parseSort(dataset, jsonFrom(sort), { maxKeys: 10 }),
      fields: fields ?? null,
    };
  }

  page(dataset: Dataset, asked: Asked & { size?: number; offset?: number; cursor?: string } = {}): Promise<RecordPage> {
    const query = this.query(dataset, asked);
    const start =
      asked.cursor === undefined
        ? { kind: 'offset' as const, offset: asked.offset ?? 0 }
        : { kind: 'after' as const, position: decodeCursor(query, asked.cursor) };
    return this.engine.reader.page({ ...query, size: asked.size ?? 1000, start }, reading());
  }

  async items(dataset: Dataset, asked: Parameters<StoreDriver['page']>[1] = {}): Promise<ShownRecord[]> {
    return (await this.page(dataset, asked)).records.map(({ json }) => JSON.parse(json));
  }

  /** All pages of a query, one behind the other by cursor; `between` runs before each further one. */
  async *pages(dataset: Dataset, asked: Asked & { size: number }): AsyncGenerator<RecordPage> {
    const query = this.query(dataset, asked);
    let page = await this.page(dataset, asked);
    while (page.last !== null) {
      yield page;
      page = await this.page(dataset, { ...asked, cursor: encodeCursor(query, page.last) });
    }
  }

  count(dataset: Dataset, filters: unknown = null): Promise<number> {
    return this.engine.reader.count(dataset, this.query(dataset, { filters }).filter, reading());
  }

  async find(dataset: Dataset, id: string): Promise<ShownRecord | null> {
    const [record] = await this.engine.reader.byIds(dataset, [id], reading());
    return record ? JSON.parse(record.json) : null;
  }

  stream(
    dataset: Dataset,
    format: StreamFormat,
    asked: Asked & { limit?: number } = {},
    options: ReadOptions = reading(),
  ): AsyncIterable<Uint8Array> {
    return this.engine.reader.stream({ ...this.query(dataset, asked), limit: asked.limit ?? null }, format, options);
  }

  text(dataset: Dataset, format: StreamFormat, asked: Asked & { limit?: number } = {}): Promise<string> {
    return textOf(this.stream(dataset, format, asked));
  }

  load(
    dataset: Dataset,
    body: string | Uint8Array,
    options: Partial<Omit<BulkRequest, 'dataset' | 'body'>> & { pieces?: number; format?: BulkFormat } = {},
  ): Promise<BulkCounts> {
    const { pieces = 50, ...rest } = options;
    return this.engine.loader.load({
      dataset,
      format: 'ndjson',
      body: inPieces(body, pieces),
      onInvalid: 'abort',
      onConflict: 'error',
      marks: [],
      origin: ORIGIN,
      returnRecords: false,
      signal: new AbortController().signal,
      ...rest,
    });
  }

  async changes(dataset: Dataset, since = 0, options: { limit?: number; latest?: boolean } = {}) {
    const { limit = 1000, latest = false } = options;
    const { signal } = new AbortController();
    const page = await this.engine.changes.read({ dataset, since, limit, latest, signal });
    return { ...page, changes: page.changes.map(({ json }) => JSON.parse(json)) };
  }
}

export function request(changes: readonly Change[], marks: WriteRequest['marks'] = []): WriteRequest {
  return { changes, marks, origin: ORIGIN };
}

export function recordOf(result: ChangeResult | undefined): StoredRecord {
  if (result === undefined || result.kind === 'deleted') throw new Error('a change gave no record');
  return result.record;
}

export function reading(signal: AbortSignal = new AbortController().signal): ReadOptions {
  return { at: null, signal };
}

/** Rows as NDJSON; bigints are written as integers. */
export function ndjson(rows: readonly object[]): string {
  const write = (value: unknown): string =>
    typeof value === 'bigint'
      ? String(value)
      : value !== null && typeof value === 'object' && !Array.isArray(value)
        ? `{${Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${write(item)}`)}}`
        : JSON.stringify(value);
  return rows.map((row) => `${write(row)}\n`).join('');
}
