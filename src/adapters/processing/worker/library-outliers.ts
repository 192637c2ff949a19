import type { ParametersOf } from '#domain/analysis/analysis.ts';
import { identityOf, inputColumn } from '#domain/analysis/operation.ts';
import { type OutlierFacts, outlierRule } from '#domain/analysis/outlier-rule.ts';
import type { Row } from '#domain/record/value.ts';
import { compareKeys, decodeKey, type RawValue } from './column-forms.ts';
import type { Library } from './library.ts';
import { identityWire, type LibraryContext } from './library-context.ts';

type Parameters = ParametersOf<'outliers'>;

interface Found {
  readonly value: number;
  readonly score: number;
  readonly identity: RawValue;
  readonly row: Row;
}

/** The facts and the rows outside of the bounds come from the library; the score and the order are the same for all. */
export async function findOutliers<T>(parameters: Parameters, context: LibraryContext<T>): Promise<Row[]> {
  const { columns, method, threshold, keep } = parameters;
  const { library, input } = context;
  const shown = [...new Set([...identityOf(context.columns), ...keep])];
  const types = shown.map((name) => inputColumn(context.columns, name).dbType);
  const wires = columns.map((column) => input.wire(column, 'number'));
  const shownWires = shown.map((column) => input.wire(column, 'key'));
  const hasIdentity = identityWire(input, context.columns) !== null;
  const table = library.open(await input.bytes());
  const rows: Row[] = [];
  for (const [index, column] of columns.entries()) {
    const wire = wires[index] as string;
    const rule = outlierRule(await factsOf(library, table, wire, method), threshold);
    if (rule === null) continue;
    const [values = [], ...kept] = await library.outside(
      table,
      wire,
      { lower: rule.low, upper: rule.high },
      shownWires,
    );
    const found = values.flatMap((raw, at): Found[] => {
      const value = Number(raw);
      const score = (value - (value < rule.low ? rule.low : rule.high)) / rule.scale;
      if (Math.abs(score) <= rule.threshold) return [];
      const row = [
        ...types.map((type, place) => decodeKey(type, kept[place]?.[at])),
        column,
        value,
        score,
        rule.lower,
        rule.upper,
      ];
      return [{ value, score, identity: hasIdentity ? kept[0]?.[at] : at, row }];
    });
    rows.push(...found.sort(furthestFirst).map(({ row }) => row));
  }
  return rows;
}

function furthestFirst(a: Found, b: Found): number {
  return Math.abs(b.score) - Math.abs(a.score) || a.value - b.value || compareKeys(a.identity, b.identity);
}

async function factsOf<T>(
  library: Library<T>,
  table: T,
  wire: string,
  method: Parameters['method'],
): Promise<OutlierFacts> {
  switch (method) {
    case 'z': {
      const facts = await library.group(
        table,
        [],
        [
          { function: 'mean', wire },
          { function: 'sd', wire },
        ],
      );
      const [mean, sd] = facts.map((column) => (typeof column[0] === 'number' ? column[0] : null));
      return { method, mean: mean ?? null, sd: sd ?? null };
    }
    case 'iqr': {
      const [q1 = null, q3 = null] = library.quantiles(table, wire, [0.25, 0.75]);
      return { method, q1, q3 };
    }
    case 'mad': {
      const [median = null] = library.quantiles(table, wire, [0.5]);
      return { method, median, mad: median === null ? null : library.deviation(table, wire, median) };
    }
  }
}
