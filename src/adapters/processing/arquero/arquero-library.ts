import * as aq from 'arquero';
import manifest from 'arquero/package.json' with { type: 'json' };
import { compareKeys, type RawValue } from '../worker/column-forms.ts';
import type { Library, RawColumns, WindowPlan, WireMeasure } from '../worker/library.ts';

type Table = aq.ColumnTable;

/**
 * What the shared operations need of Arquero (https://idl.uw.edu/arquero). Its functions pass over nulls; its expressions
 * are texts, since it compiles them itself. It has no order of its own that puts nulls last, so rows are put in order here.
 */
export const arqueroLibrary: Library<Table> = {
  version: manifest.version,

  open(arrow) {
    return aq.fromArrow(arrow, { useBigInt: true });
  },

  async group(table, keys, measures) {
    const figures = Object.fromEntries(measures.map((measure, index) => [`m${index}`, figureOf(measure)]));
    const groups = (keys.length === 0 ? table : table.groupby(...keys)).rollup(figures);
    return arraysOf(groups, [...keys, ...Object.keys(figures)]);
  },

  quantiles(table, wire, probabilities) {
    const figures = probabilities.map((probability, index) => [
      `q${index}`,
      `d => op.quantile(${of(wire)}, ${probability})`,
    ]);
    const found = table.rollup(Object.fromEntries(figures));
    return probabilities.map((_, index) => numberOf(found.get(`q${index}`)));
  },

  correlation(table, left, right) {
    const found = table.rollup({ r: `d => op.corr(${of(left)}, ${of(right)})` });
    return numberOf(found.get('r'));
  },

  async top(table, wire, most) {
    const counts = present(table, wire).groupby(wire).count({ as: 'n' });
    const [values = [], numbers = []] = arraysOf(counts, [wire, 'n']);
    const places = values.map((_, place) => place);
    places.sort((a, b) => Number(numbers[b]) - Number(numbers[a]) || compareKeys(values[a], values[b]));
    const first = places.slice(0, most);
    return [first.map((place) => values[place]), first.map((place) => numbers[place])];
  },

  async bins(table, wire, { least, most, bins }) {
    const bin = `d => op.floor((${of(wire)} - (${least})) / ${most - least} * ${bins})`;
    const counts = present(table, wire).derive({ bin }).groupby('bin').count({ as: 'n' });
    const [places = [], numbers = []] = arraysOf(counts, ['bin', 'n']);
    const found = new Array<number>(bins).fill(0);
    places.forEach((place, at) => {
      const index = Math.min(Number(place), bins - 1);
      found[index] = (found[index] ?? 0) + Number(numbers[at]);
    });
    return found;
  },

  deviation(table, wire, centre) {
    const found = present(table, wire)
      .derive({ away: `d => op.abs(${of(wire)} - (${centre}))` })
      .rollup({ median: `d => op.median(d.away)` });
    return numberOf(found.get('median'));
  },

  async outside(table, wire, { lower, upper }, shown) {
    const value = of(wire);
    const rows = present(table, wire).filter(`d => ${value} < (${lower}) || ${value} > (${upper})`);
    return arraysOf(rows, [wire, ...shown]);
  },

  async window(table, { by, orderBy, identity, rows, measures, shown }) {
    const sorted = inOrder(table, [...by, orderBy, ...(identity === null ? [] : [identity])]);
    const frame: [number, number] = [rows === null ? Number.NEGATIVE_INFINITY : 1 - rows, 0];
    const figures = measures.map((measure, index) => [`m${index}`, aq.rolling(rollingFigure(measure), frame)]);
    const slid = (by.length === 0 ? sorted : sorted.groupby(...by)).derive(Object.fromEntries(figures));
    return arraysOf(slid.ungroup(), [...shown, ...figures.map(([name]) => String(name))]);
  },

  async join(table, other, { on, how, shown, othersShown, identity, otherIdentity, limit }) {
    const left = table.derive({ place: 'd => op.row_number()' });
    const named = other.rename(Object.fromEntries(other.columnNames().map((name) => [name, `r_${name}`])));
    const right = on
      .reduce((rows, pair) => present(rows, `r_${pair.right}`), named)
      .derive({ other_place: 'd => op.row_number()' });
    const keys: [string[], string[]] = [on.map((pair) => pair.left), on.map((pair) => `r_${pair.right}`)];
    const values: [string[], string[]] = [left.columnNames(), right.columnNames()];
    const joined = how === 'left' ? left.join_left(right, keys, values) : left.join(right, keys, values);
    const order = [identity ?? 'place', otherIdentity === null ? 'other_place' : `r_${otherIdentity}`];
    const rows = inOrder(joined, order).slice(0, limit);
    const [partners = []] = arraysOf(rows, ['other_place']);
    // Of a row without a partner Arquero reads what lies before the first value of an Arrow column.
    const others = arraysOf(
      rows,
      othersShown.map((name) => `r_${name}`),
    ).map((values) => values.map((value, at) => (partners[at] === undefined ? null : value)));
    return [...arraysOf(rows, shown), ...others];
  },

  async deduplicate(table, { on, keep, orderBy, identity, shown }) {
    const sorted = inOrder(
      table,
      [orderBy, identity].filter((name) => name !== null),
    );
    const ordered = keep === 'first' ? sorted : backwards(sorted);
    const kept = ordered.dedupe(...on).reify();
    return arraysOf(keep === 'first' ? kept : backwards(kept), shown);
  },
};

/** A column in an expression. */
function of(wire: string): string {
  return `d[${JSON.stringify(wire)}]`;
}

function present(table: Table, wire: string): Table {
  return table.filter(`d => ${of(wire)} != null`);
}

function figureOf({ function: name, wire }: WireMeasure): string {
  if (wire === null) return 'd => op.count()';
  const value = of(wire);
  switch (name) {
    case 'count':
      return `d => op.valid(${value})`;
    case 'distinct':
      return `d => op.distinct(${value}) - (op.count() > op.valid(${value}) ? 1 : 0)`;
    case 'sd':
      return `d => op.valid(${value}) > 1 ? op.stdev(${value}) : null`;
    case 'variance':
      return `d => op.valid(${value}) > 1 ? op.variance(${value}) : null`;
    default:
      return `d => op.${name}(${value})`;
  }
}

function rollingFigure({ function: name, wire }: WindowPlan['measures'][number]): string {
  return figureOf({ function: name, wire });
}

/** A copy in the order of some columns, nulls last; equal rows keep the order in which they came. */
function inOrder(table: Table, by: readonly string[]): Table {
  if (by.length === 0) return table;
  const keys = arraysOf(table, by);
  const places = Array.from({ length: table.numRows() }, (_, place) => place);
  places.sort((a, b) => {
    for (const key of keys) {
      const order = compareKeys(key[a], key[b]);
      if (order !== 0) return order;
    }
    return 0;
  });
  return table.reify(places);
}

function backwards(table: Table): Table {
  return table.reify(Array.from({ length: table.numRows() }, (_, place) => table.numRows() - 1 - place));
}

function arraysOf(table: Table, names: readonly string[]): RawColumns {
  return names.map((name) => Array.from(table.array(name) as Iterable<RawValue>));
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
