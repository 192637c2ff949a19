import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { isNumber } from '#domain/analysis/column.ts';
import { inputColumn } from '#domain/analysis/operation.ts';
import { type ColumnSummary, summaryRow } from '#domain/analysis/summary-row.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import type { Row } from '#domain/record/value.ts';
import { decodeKey, type RawValue } from './column-forms.ts';
import type { Library, WireMeasure } from './library.ts';
import type { LibraryContext } from './library-context.ts';

/** Libraries count distinct values and find quartiles exactly, asked to or not. */
export async function describeColumns<T>(
  { columns, top, bins }: ParametersOf<'summary'>,
  { library, input, columns: known }: LibraryContext<T>,
): Promise<Row[]> {
  const described = columns.map((name) => {
    const { dbType } = inputColumn(known, name);
    return { name, dbType, key: input.wire(name, 'key'), number: isNumber(dbType) ? input.wire(name, 'number') : null };
  });
  const rows = BigInt(input.rows);
  const table = library.open(await input.bytes());
  const told: Row[] = [];
  for (const column of described) told.push(await describe(library, table, column, { rows, top, bins }));
  return told;
}

interface Described {
  readonly name: string;
  readonly dbType: DbType;
  readonly key: string;
  /** Null for a column that is no number. */
  readonly number: string | null;
}

async function describe<T>(
  library: Library<T>,
  table: T,
  { name, dbType, key, number }: Described,
  { rows, top, bins }: { readonly rows: bigint; readonly top: number; readonly bins: number },
): Promise<Row> {
  const hasOrder = dbType.name !== 'JSON';
  const measures: WireMeasure[] = [
    { function: 'count', wire: key },
    { function: 'distinct', wire: key },
    ...(hasOrder
      ? ([
          { function: 'min', wire: key },
          { function: 'max', wire: key },
        ] as const)
      : []),
    ...(number === null
      ? []
      : ([
          { function: 'mean', wire: number },
          { function: 'sd', wire: number },
        ] as const)),
  ];
  const facts = (await library.group(table, [], measures)).map((column) => column[0] ?? null);
  const [counted, distinct] = facts;
  const [min = null, max = null] = hasOrder ? facts.slice(2, 4) : [];
  const [mean = null, sd = null] = number === null ? [] : facts.slice(-2);
  const count = BigInt(Number(counted));
  const [q1 = null, median = null, q3 = null] =
    number === null ? [] : library.quantiles(table, number, [0.25, 0.5, 0.75]);
  const [least, most] = [decodeKey(dbType, min), decodeKey(dbType, max)];
  return summaryRow({
    name,
    dbType,
    count,
    nulls: rows - count,
    distinct: BigInt(Number(distinct)),
    mean: numberOf(mean),
    sd: numberOf(sd),
    quartiles: [q1, median, q3],
    min: least,
    max: most,
    top: top === 0 ? null : await topOf(library, table, { key, dbType, most: top }),
    bins:
      bins === 0 || number === null || least === null
        ? null
        : await binsOf(library, table, number, { least: Number(least), most: Number(most), bins, count }),
  });
}

function numberOf(raw: RawValue): number | null {
  return typeof raw === 'number' && Number.isFinite(raw) ? raw : null;
}

async function topOf<T>(
  library: Library<T>,
  table: T,
  { key, dbType, most }: { readonly key: string; readonly dbType: DbType; readonly most: number },
): Promise<ColumnSummary['top']> {
  const [values = [], counts = []] = await library.top(table, key, most);
  return values.map((value, at) => ({ value: decodeKey(dbType, value), count: BigInt(Number(counts[at])) }));
}

async function binsOf<T>(
  library: Library<T>,
  table: T,
  wire: string,
  {
    least,
    most,
    bins,
    count,
  }: { readonly least: number; readonly most: number; readonly bins: number; readonly count: bigint },
): Promise<ColumnSummary['bins']> {
  if (least === most) return { least, most, counts: [count] };
  const counts = await library.bins(table, wire, { least, most, bins });
  return { least, most, counts: counts.map(BigInt) };
}
