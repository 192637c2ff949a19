import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { checkBucketCount } from '#domain/analysis/bucket-limit.ts';
import { countBuckets, fillBuckets } from '#domain/analysis/fill-buckets.ts';
import { inputColumn } from '#domain/analysis/operation.ts';
import { MAX_PIVOT_COLUMNS } from '#domain/analysis/operations/pivot.ts';
import { pivotColumns } from '#domain/analysis/pivot-columns.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { compareKeys, decodeKey, type RawValue } from './column-forms.ts';
import { type LibraryContext, measureValue, rawGroups, wireMeasure } from './library-context.ts';

/** Groups by time from the library, the gaps between them from the calendar. */
export async function gatherBuckets<T>(
  parameters: ParametersOf<'time_buckets'>,
  context: LibraryContext<T>,
): Promise<Row[]> {
  const { time, every, by, measures, fill } = parameters;
  const { library, input, columns } = context;
  const keys = [...by.map((column) => input.wire(column, 'key')), input.wire(time, every)];
  const wired = measures.map((measure) => wireMeasure(input, measure));
  const groups = await rawGroups(library, library.open(await input.bytes()), keys, wired);
  const types = [...by, time].map((name) => inputColumn(columns, name).dbType);
  const rows = groups
    .filter((row) => row[by.length] !== null && row[by.length] !== undefined)
    .map((row): Row => {
      const decoded = types.map((type, index) => decodeKey(type, row[index]));
      const bucket = String(decoded[by.length]);
      return [
        ...decoded.slice(0, by.length),
        bucket.length === 10 ? `${bucket}T00:00:00Z` : bucket,
        ...measures.map((measure, index) => measureValue(measure, row[keys.length + index])),
      ];
    });
  if (fill !== 'none') checkCount(rows, parameters);
  return fillBuckets(rows, parameters);
}

function checkCount(rows: readonly Row[], { by, every }: ParametersOf<'time_buckets'>): void {
  const times = rows.map((row) => String(row[by.length])).sort();
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return;
  const keys = new Set(rows.map((row) => row.slice(0, by.length).join('\0'))).size;
  checkBucketCount(countBuckets(first, last, every) * keys, every);
}

/** Groups by the rows and the column from the library, laid out as a table. */
export async function turnIntoColumns<T>(
  parameters: ParametersOf<'pivot'>,
  { library, input, columns }: LibraryContext<T>,
): Promise<{ readonly columns: readonly ColumnSchema[]; readonly rows: readonly Row[] }> {
  const { rows, columns: turned, measure } = parameters;
  const keys = [...rows, turned].map((column) => input.wire(column, 'key'));
  const wired = [wireMeasure(input, measure)];
  const groups = await rawGroups(library, library.open(await input.bytes()), keys, wired);
  const values = distinct(groups.map((row) => row[rows.length])).slice(0, MAX_PIVOT_COLUMNS + 1);
  const type = inputColumn(columns, turned).dbType;
  const result = pivotColumns(
    parameters,
    columns,
    values.map((value) => decodeKey(type, value)),
  );
  const places = new Map(values.map((value, place) => [value ?? null, place]));
  const types = rows.map((name) => inputColumn(columns, name).dbType);
  const nothing = measureValue(measure, null);
  const lines: { readonly raw: readonly RawValue[]; readonly cells: Value[] }[] = [];
  for (const group of groups) {
    const raw = group.slice(0, rows.length);
    const last = lines.at(-1);
    const isSame = last?.raw.every((value, index) => compareKeys(value, raw[index]) === 0) ?? false;
    const line = isSame && last !== undefined ? last : { raw, cells: values.map(() => nothing) };
    if (line !== last) lines.push(line);
    line.cells[places.get(group[rows.length] ?? null) ?? 0] = measureValue(measure, group[rows.length + 1]);
  }
  const shown = lines.map(({ raw, cells }) => [...types.map((key, index) => decodeKey(key, raw[index])), ...cells]);
  return { columns: result, rows: shown };
}

function distinct(values: readonly RawValue[]): RawValue[] {
  return [...new Set(values.map((value) => value ?? null))].sort(compareKeys);
}
