import { keyIndexes, type Property } from '#domain/dataset/dataset.ts';
import { resolveField } from '#domain/dataset/names.ts';
import { type AggregateFunction, bucketsOf, isAggregable } from '#domain/query/aggregation.ts';
import { decodeCursor, encodeCursor } from '#domain/query/cursor.ts';
import { typeOfField } from '#domain/query/field.ts';
import { parseAggregation } from '#domain/query/parse-aggregation.ts';
import type { PageQuery } from '#domain/query/query.ts';
import type { ColumnSchema, RecordBatch } from '#domain/record/batch.ts';
import { flatColumns } from '#domain/record/flat-columns.ts';
import { jsonFrom } from '#domain/record/json.ts';
import { openArrow } from '#formats/arrow/read-arrow.ts';
import { readRows } from '#formats/columns/read-values.ts';
import { bytesOf, textOf } from '../../support/bytes.ts';
import { reading } from '../../support/store-driver.ts';
import { type FilterContext, fieldName, filterOf, sortOf, unknownId } from './filters.ts';
import { Unordered } from './naming.ts';
import type { Side } from './side-by-side.ts';
import type { AggregateSpec, ReadSpec, Step, StreamFormatSpec } from './story.ts';
import { canonicalOf, type Table } from './table.ts';

type Read = Extract<Step, { readonly kind: 'read' }>;
type Asked<Kind extends ReadSpec['kind']> = Read & { readonly read: Extract<ReadSpec, { readonly kind: Kind }> };

/** What an engine answers to a read; lists whose order means nothing in an order of their own. */
export async function read(
  { store: { engine } }: Side,
  step: Read,
  context: FilterContext,
  head: number,
): Promise<unknown> {
  const { table, standing, real } = context;
  const { dataset } = table;
  const filter = filterOf(step.filter, context);
  switch (step.read.kind) {
    case 'pages':
      return readPages(engine, step as Asked<'pages'>, context);
    case 'count':
      return engine.reader.count(dataset, filter, reading());
    case 'aggregate': {
      const parsed = aggregationOf(table, step.read);
      return engine.reader.aggregate({ dataset, filter, ...parsed, limit: 100 }, reading());
    }
    case 'ids': {
      const ids = step.read.picks.map((pick) => real(standing[pick % (standing.length + 1)]?.id ?? unknownId(pick)));
      return engine.reader.byIds(dataset, ids, reading());
    }
    case 'keys': {
      const properties = keyIndexes(dataset).map((index) => dataset.properties[index] as Property);
      if (properties.length === 0) return [];
      const keys = step.read.picks.map((pick) =>
        properties.map((property, at) => {
          const pool = table.pool(property);
          return canonicalOf(property, pool[(pick + at) % pool.length]?.sent ?? 'null');
        }),
      );
      return engine.reader.byKeys(dataset, keys, reading());
    }
    case 'stream':
      return readStream(engine, step as Asked<'stream'>, context);
    case 'batches': {
      const all = flatColumns(dataset, null).map(({ name }) => name);
      const picked = step.read.columns?.map((pick) => all[pick % all.length] as string);
      const columns = picked === undefined ? {} : { columns: [...new Set(picked)] };
      const query = { dataset, filter, sort: sortOf(step.sort, table), fields: null, limit: null };
      const { schema, batches } = engine.reader.batches(query, { ...reading(), ...columns });
      const rows = (await rowsOf(schema, batches)).map((row) => [...row]);
      return {
        schema: schema.map(({ name, dbType, nullable }) => ({ name, dbType, nullable })),
        rows: inOrder(rows, query),
      };
    }
    case 'changes': {
      const { since, limit, latest, images } = step.read;
      const { signal } = new AbortController();
      const from = Math.max(0, head - since);
      return engine.changes.read({ dataset, since: from, limit, latest, images: images && !latest, signal });
    }
  }
}

type Engine = Side['store']['engine'];

async function readPages({ reader }: Engine, step: Asked<'pages'>, context: FilterContext): Promise<unknown> {
  const { table } = context;
  const { dataset } = table;
  const { size, fields: picks } = step.read;
  const fields = picks === null ? null : [...new Set(picks.map((pick) => pick % dataset.properties.length))].toSorted();
  const query = { dataset, filter: filterOf(step.filter, context), sort: sortOf(step.sort, table), fields };
  const offset = await reader.page({ ...query, size, start: { kind: 'offset', offset: size } }, reading());
  const pages: unknown[] = [[offset.records, offset.total]];
  let start: PageQuery['start'] = { kind: 'offset', offset: 0 };
  for (let count = 0; count < 5; count++) {
    const { records, total, last } = await reader.page({ ...query, size, start }, reading());
    pages.push([records, total]);
    if (last === null) break;
    start = { kind: 'after', position: decodeCursor(query, encodeCursor(query, last)) };
  }
  return pages;
}

async function readStream({ reader, name }: Engine, step: Asked<'stream'>, context: FilterContext): Promise<unknown> {
  const { table } = context;
  const { dataset } = table;
  const { format: asked, limit } = step.read;
  // The one lack: memory writes no Parquet, and says so.
  const format: StreamFormatSpec = asked === 'parquet' && name === 'memory' ? 'arrow' : asked;
  const query = {
    dataset,
    filter: filterOf(step.filter, context),
    sort: sortOf(step.sort, table),
    fields: null,
    limit,
  };
  const stream = reader.stream(query, format, reading());
  if (format !== 'arrow' && format !== 'parquet') {
    const text = await textOf(stream);
    // Text may hold line breaks, so that only the whole of a stream without order is cut at them.
    const lines = text.split('\n');
    return query.sort.length > 0 ? text : limit === null ? new Unordered(lines) : lines.length;
  }
  if (asked === 'parquet') return (await bytesOf(stream)).length > 0;
  const schema = flatColumns(dataset, null);
  const arrow = await openArrow(stream, { maxMessageBytes: 1e9 });
  async function* batches() {
    for await (const { batch, faults } of arrow.read(schema.map(({ dbType }) => dbType))) {
      if (faults.length > 0) throw new Error(JSON.stringify(faults));
      yield batch;
    }
  }
  const rows = await rowsOf(schema, batches());
  return {
    names: arrow.columnNames,
    rows: limit === null || query.sort.length > 0 ? inOrder(rows, query) : rows.length,
  };
}

async function rowsOf(schema: readonly ColumnSchema[], batches: AsyncIterable<RecordBatch>) {
  const rows: unknown[][] = [];
  for await (const batch of batches) rows.push(...readRows(schema, batch).map((row) => [...row]));
  return rows;
}

/** A sort may have nothing in it that can be sorted by. */
function inOrder(rows: readonly unknown[][], { sort }: { readonly sort: readonly unknown[] }): unknown {
  return sort.length > 0 ? rows : new Unordered(rows);
}

const FUNCTIONS: readonly AggregateFunction[] = ['count', 'sum', 'avg', 'min', 'max'];

function aggregationOf({ dataset }: Table, { keys, measures }: Extract<ReadSpec, { readonly kind: 'aggregate' }>) {
  const typeOf = ({ field }: AggregateSpec) => {
    const name = fieldName(dataset, field);
    const found = resolveField(dataset, name);
    return { name, type: found === undefined ? { name: 'JSON' as const } : typeOfField(found) };
  };
  const groupBy = keys.flatMap((spec) => {
    const { name, type } = typeOf(spec);
    if (type.name === 'JSON') return [];
    const buckets = [null, ...bucketsOf(type)];
    return [{ field: name, bucket: buckets[spec.how % buckets.length] }];
  });
  const once = groupBy.filter(({ field }, at) => groupBy.findIndex((other) => other.field === field) === at);
  const asked = measures.flatMap((spec) => {
    const { name, type } = typeOf(spec);
    const able = FUNCTIONS.filter((candidate) => isAggregable(candidate, type));
    // Sums of floating-point numbers depend on the order they are added in.
    const exact =
      type.name === 'DOUBLE' ? able.filter((candidate) => candidate !== 'sum' && candidate !== 'avg') : able;
    return [{ function: exact[spec.how % exact.length] ?? 'count', field: name }];
  });
  return parseAggregation(dataset, { groupBy: jsonFrom(once), measures: jsonFrom(asked), sort: null });
}
