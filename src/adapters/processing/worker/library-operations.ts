import { type Analysis, type ParametersOf, resultColumns } from '#domain/analysis/analysis.ts';
import { isNumber } from '#domain/analysis/column.ts';
import { inputColumn } from '#domain/analysis/operation.ts';
import { type DbType, sameDbType } from '#domain/dataset/db-type.ts';
import type { ColumnSchema } from '#domain/record/batch.ts';
import type { Row, Value } from '#domain/record/value.ts';
import { writeRows } from '#formats/columns/write-values.ts';
import { decodeKey } from './column-forms.ts';
import type { Library, RawColumns, WireMeasure } from './library.ts';
import { decode, identityWire, type LibraryContext, measureValue, rawGroups, wireMeasure } from './library-context.ts';
import type { LibraryAnswer } from './library-messages.ts';
import { findOutliers } from './library-outliers.ts';
import { gatherBuckets, turnIntoColumns } from './library-shapes.ts';
import { describeColumns } from './library-summary.ts';

/** Computes an operation by what the library does and, around it, what all libraries share. */
export async function runOperation<T>(
  library: Library<T>,
  analysis: Analysis,
  tables: Omit<LibraryContext<T>, 'library'>,
): Promise<LibraryAnswer> {
  const context: LibraryContext<T> = { library, ...tables };
  const { columns, rows } = await compute(analysis, context);
  return { columns, batches: rows.length === 0 ? [] : [writeRows(columns, rows)] };
}

interface Computed {
  readonly columns: readonly ColumnSchema[];
  readonly rows: readonly Row[];
}

async function compute<T>(analysis: Analysis, context: LibraryContext<T>): Promise<Computed> {
  const columns = resultColumns(analysis, context) ?? [];
  switch (analysis.operation) {
    case 'summary':
      return { columns, rows: await describeColumns(analysis.parameters, context) };
    case 'group':
      return { columns, rows: await groupRows(analysis.parameters, context) };
    case 'time_buckets':
      return { columns, rows: await gatherBuckets(analysis.parameters, context) };
    case 'pivot':
      return turnIntoColumns(analysis.parameters, context);
    case 'window':
      return { columns, rows: decode(columns, await slide(analysis.parameters, context)) };
    case 'correlation':
      return { columns, rows: await correlate(analysis.parameters, context) };
    case 'quantiles':
      return { columns, rows: await quantileRows(analysis.parameters, context) };
    case 'join':
      return { columns, rows: decode(columns, await joinTables(analysis.parameters, context)) };
    case 'deduplicate':
      return { columns, rows: decode(columns, await keepOneOfEach(analysis.parameters, context)) };
    case 'outliers':
      return { columns, rows: await findOutliers(analysis.parameters, context) };
    default:
      throw new RangeError(`${analysis.operation} is left to the default processor`);
  }
}

async function groupRows<T>(
  { by, measures }: ParametersOf<'group'>,
  { library, input, columns }: LibraryContext<T>,
): Promise<Row[]> {
  const keys = by.map(({ column, bucket }) => input.wire(column, bucket ?? 'key'));
  const wired = measures.map((measure) => wireMeasure(input, measure));
  const groups = await rawGroups(library, library.open(await input.bytes()), keys, wired);
  const types = by.map(({ column }) => inputColumn(columns, column).dbType);
  return groups.map((row) => [
    ...types.map((type, index) => decodeKey(type, row[index])),
    ...measures.map((measure, index) => measureValue(measure, row[keys.length + index])),
  ]);
}

async function quantileRows<T>(
  { columns, probabilities }: ParametersOf<'quantiles'>,
  { library, input }: LibraryContext<T>,
): Promise<Row[]> {
  const wires = columns.map((column) => input.wire(column, 'number'));
  const table = library.open(await input.bytes());
  return columns.flatMap((column, index) => {
    const values = library.quantiles(table, wires[index] as string, probabilities);
    return probabilities.map((probability, place): Row => [column, probability, values[place] ?? null]);
  });
}

async function correlate<T>(
  { columns }: ParametersOf<'correlation'>,
  { library, input }: LibraryContext<T>,
): Promise<Row[]> {
  const wires = columns.map((column) => input.wire(column, 'number'));
  const table = library.open(await input.bytes());
  const ranges = wires.flatMap((wire): WireMeasure[] => [
    { function: 'min', wire },
    { function: 'max', wire },
  ]);
  const extremes = (await library.group(table, [], ranges)).map((column) => column[0] ?? null);
  const varies = wires.map((_, index) => {
    const [least, most] = [extremes[index * 2], extremes[index * 2 + 1]];
    return least !== null && most !== null && Number(least) < Number(most);
  });
  const matrix = wires.map(() => new Array<Value>(wires.length).fill(null));
  for (const [row, left] of wires.entries()) {
    for (const [column, right] of wires.entries()) {
      if (column < row || !varies[row] || !varies[column]) continue;
      const found = row === column ? 1 : library.correlation(table, left, right);
      const value = found !== null && Number.isFinite(found) ? found : null;
      (matrix[row] as Value[])[column] = value;
      (matrix[column] as Value[])[row] = value;
    }
  }
  return columns.map((column, row) => [column, ...(matrix[row] as Value[])]);
}

async function slide<T>(parameters: ParametersOf<'window'>, context: LibraryContext<T>): Promise<RawColumns> {
  const { order_by, by, rows, measures, keep } = parameters;
  const { library, input } = context;
  const plan = {
    by: by.map((column) => input.wire(column, 'key')),
    orderBy: input.wire(order_by, 'key'),
    identity: identityWire(input, context.columns),
    rows,
    measures: measures.map(({ function: name, column }) => ({ function: name, wire: input.wire(column, 'number') })),
    shown: [...new Set([...by, order_by, ...keep])].map((column) => input.wire(column, 'key')),
  };
  return library.window(library.open(await input.bytes()), plan);
}

async function joinTables<T>(parameters: ParametersOf<'join'>, context: LibraryContext<T>): Promise<RawColumns> {
  const { library, input, other, columns, others } = context;
  const on = parameters.on.map(({ left, right }) => {
    const form = formOfPair(inputColumn(columns, left).dbType, inputColumn(others, right).dbType);
    return { left: input.wire(left, form), right: other.wire(right, form) };
  });
  const plan = {
    on,
    how: parameters.how,
    limit: parameters.limit,
    shown: parameters.columns.map((column) => input.wire(column, 'key')),
    othersShown: parameters.other_columns.map((column) => other.wire(column, 'key')),
    identity: identityWire(input, columns),
    otherIdentity: identityWire(other, others),
  };
  return library.join(library.open(await input.bytes()), library.open(await other.bytes()), plan);
}

/** Numbers of different types are compared as numbers. */
function formOfPair(left: DbType, right: DbType): 'key' | 'number' {
  return isNumber(left) && !sameDbType(left, right) ? 'number' : 'key';
}

async function keepOneOfEach<T>(
  parameters: ParametersOf<'deduplicate'>,
  context: LibraryContext<T>,
): Promise<RawColumns> {
  const { library, input } = context;
  const { on, keep, order_by, columns } = parameters;
  const plan = {
    on: on.map((column) => input.wire(column, 'key')),
    keep,
    orderBy: order_by === null ? null : input.wire(order_by, 'key'),
    identity: identityWire(input, context.columns),
    shown: columns.map((column) => input.wire(column, 'key')),
  };
  return library.deduplicate(library.open(await input.bytes()), plan);
}
