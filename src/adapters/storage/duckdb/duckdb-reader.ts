import type {
  BatchOptions,
  ReadOptions,
  RecordPage,
  RecordReader,
  StreamFormat,
} from '#application/ports/record-reader.ts';
import { keyText } from '#domain/dataset/constraints.ts';
import { type Dataset, keyIndexes } from '#domain/dataset/dataset.ts';
import type { Aggregation } from '#domain/query/aggregation.ts';
import type { Filter, PageQuery, StreamQuery } from '#domain/query/query.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import { compileAfter, compileFilter, compileSort, SqlParameters } from '../sql/compile-filter.ts';
import { aggregateRows } from './duckdb-aggregate.ts';
import { readBatches } from './duckdb-batches.ts';
import { duckDbDialect } from './duckdb-dialect.ts';
import { currentTable } from './duckdb-layout.ts';
import { recordJson } from './duckdb-render.ts';
import { selectRows } from './duckdb-row-stream.ts';
import { canonicalColumn, canonicalField } from './duckdb-rows.ts';
import type { DuckDbStore } from './duckdb-store.ts';
import { streamArrow } from './duckdb-stream-arrow.ts';
import { streamParquet } from './duckdb-stream-parquet.ts';
import { streamText } from './duckdb-stream-text.ts';

/** Reads on DuckDB: every answer is rendered by the engine. */
export class DuckDbReader implements RecordReader {
  readonly #store: DuckDbStore;

  constructor(store: DuckDbStore) {
    this.#store = store;
  }

  page(query: PageQuery, { signal }: ReadOptions): Promise<RecordPage> {
    const { sql, parameters } = pageSql(query);
    return this.#store.withSession(async (session) => {
      const rows = await session.interruptible(signal, () => session.rows(sql, parameters.values));
      const total = Number(rows[0]?.[0] ?? 0);
      const found = rows.filter((row) => row[1] !== null);
      const positionAt = (index: number) => {
        const row = found[index] ?? [];
        return { values: row.slice(4) as Value[], id: String(row[1]) };
      };
      return {
        total,
        records: found.map(([, id, version, json]) => rendered(id, version, json)),
        last: found.length === 0 ? null : positionAt(found.length - 1),
        positionAt,
      };
    });
  }

  count(dataset: Dataset, filter: Filter | null, { signal }: ReadOptions): Promise<number> {
    const parameters = new SqlParameters();
    const condition = compileFilter(filter, duckDbDialect, parameters);
    const sql = `SELECT count(*) FROM ${currentTable(dataset)} WHERE ${condition}`;
    return this.#store.withSession(async (session) => {
      const rows = await session.interruptible(signal, () => session.rows(sql, parameters.values));
      return Number(rows[0]?.[0]);
    });
  }

  aggregate(query: Aggregation, { signal }: ReadOptions): Promise<Value[][]> {
    return this.#store.withSession((session) => session.interruptible(signal, () => aggregateRows(session, query)));
  }

  async byIds(
    dataset: Dataset,
    ids: readonly string[],
    { signal }: ReadOptions,
  ): Promise<readonly (RenderedRecord | null)[]> {
    if (ids.length === 0) return [];
    const columns = `_id::VARCHAR, _version, ${recordJson(dataset, null)}`;
    const rows = await this.#store.withSession((session) =>
      session.interruptible(signal, () => this.#store.finder.byIds(session, dataset, columns, ids)),
    );
    const found = new Map(rows.map(([id, version, json]) => [id, rendered(id, version, json)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  async byKeys(
    dataset: Dataset,
    keys: readonly (readonly Value[])[],
    { signal }: ReadOptions,
  ): Promise<readonly (RenderedRecord | null)[]> {
    if (keys.length === 0) return [];
    const indexes = keyIndexes(dataset);
    const properties = indexes.map((index) => dataset.properties[index]).filter((property) => property !== undefined);
    const columns = `_id::VARCHAR, _version, ${recordJson(dataset, null)}, ${properties.map(canonicalColumn).join(', ')}`;
    const rows = await this.#store.withSession((session) =>
      session.interruptible(signal, () => this.#store.finder.byKeys(session, dataset, columns, indexes, keys)),
    );
    const found = new Map(
      rows.map(([id, version, json, ...key]) => [keyText(key as Value[]), rendered(id, version, json)]),
    );
    return keys.map((key) => found.get(keyText(key)) ?? null);
  }

  async explain(query: PageQuery | StreamQuery): Promise<string> {
    const { sql, parameters } = 'start' in query ? pageSql(query) : selectRows(query, '*');
    const rows = await this.#store.withSession((session) => session.rows(`EXPLAIN ${sql}`, parameters.values));
    return rows.map(([, plan]) => String(plan)).join('\n');
  }

  stream(query: StreamQuery, format: StreamFormat, options: ReadOptions): AsyncIterable<Uint8Array> {
    switch (format) {
      case 'arrow':
        return streamArrow(this.#store, query, options.signal);
      case 'parquet':
        return streamParquet(this.#store, query, options.signal);
      default:
        return streamText(this.#store, query, format, options.signal);
    }
  }

  batches(query: StreamQuery, { signal, columns }: BatchOptions) {
    return readBatches(this.#store, query, signal, columns);
  }
}

function rendered(id: unknown, version: unknown, json: unknown): RenderedRecord {
  return { id: String(id), version: Number(version), json: String(json) };
}

/**
 * One statement, so that the page and its total are one snapshot. The first column is the total; where the page is
 * empty there is one row whose other columns are null.
 */
function pageSql(query: PageQuery): { sql: string; parameters: SqlParameters } {
  const { dataset, start, sort } = query;
  const parameters = new SqlParameters();
  const condition = compileFilter(query.filter, duckDbDialect, parameters);
  const after = start.kind === 'after' ? ` AND ${compileAfter(sort, start.position, duckDbDialect, parameters)}` : '';
  const offset = start.kind === 'offset' ? ` OFFSET ${start.offset}` : '';
  const order = compileSort(sort, duckDbDialect);
  const table = currentTable(dataset);
  const sortValues = sort.map((key, index) => `${canonicalField(key.field)} AS k${index}`);
  const page =
    `SELECT _id::VARCHAR AS id, _version AS version, ${recordJson(dataset, query.fields)} AS json` +
    `${sortValues.map((value) => `, ${value}`).join('')}, row_number() OVER (ORDER BY ${order}) AS place ` +
    `FROM (SELECT * FROM ${table} WHERE ${condition}${after} ORDER BY ${order} LIMIT ${query.size}${offset})`;
  const keys = sort.map((_, index) => `, p.k${index}`).join('');
  const sql =
    `SELECT c.total, p.id, p.version, p.json${keys} ` +
    `FROM (SELECT count(*) AS total FROM ${table} WHERE ${condition}) AS c LEFT JOIN (${page}) AS p ON TRUE ORDER BY p.place`;
  return { sql, parameters };
}
