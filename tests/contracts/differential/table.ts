import type { Dataset, Property, PropertyRules } from '#domain/dataset/dataset.ts';
import { formatDbType, parseDbType } from '#domain/dataset/db-type.ts';
import { describeDataset } from '#domain/dataset/describe-dataset.ts';
import { parseDataset } from '#domain/dataset/parse-dataset.ts';
import { parseJson } from '#domain/record/json.ts';
import { compileRules } from '#domain/record/property-rules.ts';
import type { Value } from '#domain/record/value.ts';
import { compareValues, Invalid, readJsonValue } from '#domain/record/value-rules.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { type Cell, NULL_CELL } from '../../support/any-cell.ts';
import { dataset as datasetOf, property as propertyOf } from '../../support/dataset-builders.ts';
import type { CellSpec, ColumnSpec, EvolutionSpec, RowSpec, RuleSpec, Story, TableSpec } from './story.ts';

const NAMES = [
  'plain',
  'Größe',
  "it's",
  'say "x"',
  'a b',
  '€uro; --',
  '日本',
  'select',
  'x.y',
  '😀',
  'a,b',
  '%',
  'data',
  'version',
];

/** JSON that most types refuse, each in a way of its own. */
const GARBAGE = [
  '"x"',
  '1.5',
  '1e400',
  '-0.0',
  '"\\u0000"',
  '"\\ud800"',
  'true',
  '{}',
  '[]',
  '[1, {"a": 1, "a": 2}]',
  '9223372036854775808',
  '-99999999999999999999999999999999999999.5',
  '"2024-02-30"',
  '"2024-02-29T24:00:00Z"',
  '"1999-12-31T23:59:60.1234567Z"',
  '"infinity"',
  '""',
  '" 1"',
];

/** What is no JSON at all. In an array it leaves nobody sure where items end, and which fault is told is as may be. */
const BROKEN = ['nul', '"a'];

const NO_RULES = propertyOf('x', 'VARCHAR').rules;

/** A value of a row: its property and what is sent, or nothing where it is left out. */
export interface SentCell {
  readonly property: Property;
  readonly sent: string;
}

/** A dataset as it stands in a story, and the values it is given. */
export class Table {
  readonly dataset: Dataset;
  readonly #story: Story;

  private constructor(dataset: Dataset, story: Story) {
    this.dataset = dataset;
    this.#story = story;
  }

  static make(name: string, { columns, key, ignoresOthers, idIndex }: TableSpec, story: Story): Table {
    const properties: Property[] = [];
    for (const column of columns) properties.push(propertyFrom(column, properties, story));
    const able = properties.filter(({ dbType }) => dbType.name !== 'JSON').slice(0, key);
    const primaryKey = able.map((property) => property.name);
    const additionalProperties = ignoresOthers ? 'ignore' : 'refuse';
    return new Table(settled(datasetOf(name, properties, { primaryKey, additionalProperties, idIndex })), story);
  }

  /** The table under a changed dataset; null where no file could say that. */
  evolved(changes: readonly EvolutionSpec[]): Table | null {
    let { dataset } = this;
    for (const change of changes) {
      const next = changed(dataset, change, this.#story);
      if (next === null) return null;
      dataset = next;
    }
    const parsed = parseDataset(describeDataset(dataset), compileRe2);
    return parsed.ok ? new Table(parsed.dataset, this.#story) : null;
  }

  property(pick: number): Property {
    const { properties } = this.dataset;
    return properties[pick % properties.length] as Property;
  }

  pool(property: Property): readonly Cell[] {
    return poolOf(property.dbType, this.#story);
  }

  pattern(pick: number): string {
    const { patterns } = this.#story;
    return patterns[pick % patterns.length] ?? '';
  }

  /** The values of a row; those that are left out are not among them. */
  cells({ cells }: RowSpec, options: { readonly typed: boolean; readonly broken?: boolean }): SentCell[] {
    return this.dataset.properties.flatMap((property, index) => {
      const spec = cells[index % cells.length] as CellSpec;
      const garbage = options.broken ? [...GARBAGE, ...BROKEN] : GARBAGE;
      const sent =
        spec.as !== 'garbage'
          ? this.#sent(property, spec)
          : options.typed
            ? this.#sent(property, { ...spec, as: 'any' })
            : (garbage[spec.pick % garbage.length] ?? null);
      return sent === null ? [] : [{ property, sent }];
    });
  }

  #sent(property: Property, { as, pick }: CellSpec): string | null {
    const must = property.required || property.primaryKey;
    if (as === 'absent' && (!must || property.default !== null)) return null;
    if (as === 'null' && !must) return NULL_CELL.sent;
    const pool = this.pool(property);
    if (as === 'any') return pick % 7 === 0 ? NULL_CELL.sent : (pool[pick % pool.length] as Cell).sent;
    const check = compileRules(property, compileRe2);
    const valid = pool.filter((cell) => check(canonicalOf(property, cell.sent)) === null);
    return ((valid.length > 0 ? valid : pool)[pick % (valid.length || pool.length)] as Cell).sent;
  }
}

/** The canonical value of what is sent. */
export function canonicalOf(property: Property, sent: string): Value {
  const value = readJsonValue(property.dbType, parseJson(sent));
  if (value instanceof Invalid) throw new RangeError(`${sent} is no ${formatDbType(property.dbType)}`);
  return value;
}

function poolOf(dbType: Property['dbType'], story: Story): readonly Cell[] {
  return story.pools[formatDbType(dbType)] ?? [NULL_CELL];
}

function propertyFrom(column: ColumnSpec, others: readonly Property[], story: Story): Property {
  const free = NAMES.filter((name) => others.every((other) => other.name !== name));
  const bare = propertyOf(free[column.name % free.length] ?? 'other', column.type);
  const isJson = bare.dbType.name === 'JSON';
  const ruled = { ...bare, rules: isJson ? NO_RULES : rulesFrom(bare, column.rule, story) };
  return {
    ...ruled,
    required: column.required,
    unique: column.unique && !isJson,
    index: column.index && !isJson,
    default: column.default === null ? null : defaultFrom(ruled, column.default, story),
  };
}

function rulesFrom(property: Property, rule: RuleSpec | null, story: Story): PropertyRules {
  if (rule === null) return NO_RULES;
  const pool = poolOf(property.dbType, story);
  const values = rule.picks.map((pick) => canonicalOf(property, (pool[pick % pool.length] as Cell).sent));
  const [first = null, second = null] = values;
  const isText = property.dbType.name === 'VARCHAR';
  if (rule.kind === 'enum') return { ...NO_RULES, enum: [...new Set(values)] };
  if (isText && rule.kind === 'pattern') {
    return { ...NO_RULES, pattern: ['^a', 's', '[%_]', '^.?$', '(?i)é'][(rule.picks[0] ?? 0) % 5] ?? null };
  }
  if (isText) {
    const [least = 0, more = 1] = rule.picks.map((pick) => pick % 4);
    return { ...NO_RULES, minLength: least % 3, maxLength: (least % 3) + more };
  }
  if (['BOOLEAN', 'UUID'].includes(property.dbType.name) || first === null) return NO_RULES;
  if (second === null) return { ...NO_RULES, minimum: first };
  const isAscending = compareValues(property.dbType, first, second) <= 0;
  return { ...NO_RULES, minimum: isAscending ? first : second, maximum: isAscending ? second : first };
}

function defaultFrom(property: Property, pick: number, story: Story): Value {
  const pool = poolOf(property.dbType, story);
  const check = compileRules({ ...property, required: false }, compileRe2);
  const values = pool.map(({ sent }) => canonicalOf(property, sent)).filter((value) => check(value) === null);
  return values.length === 0 ? null : (values[pick % values.length] ?? null);
}

function changed(dataset: Dataset, change: EvolutionSpec, story: Story): Dataset | null {
  const { properties, primaryKey } = dataset;
  const at = 'at' in change ? change.at % properties.length : 0;
  const old = properties[at] as Property;
  const replaced = (property: Partial<Property>): Dataset => ({
    ...dataset,
    properties: properties.with(at, { ...old, ...property }),
  });
  switch (change.kind) {
    case 'add':
      if (properties.length >= 8) return null;
      return { ...dataset, properties: [...properties, propertyFrom(change.column, properties, story)] };
    case 'drop':
      if (properties.length === 1 || primaryKey.includes(old.name)) return null;
      return { ...dataset, properties: properties.toSpliced(at, 1) };
    case 'retype': {
      const dbType = parseDbType(change.type);
      if (dbType === undefined) return null;
      const { type } = propertyOf('x', change.type);
      return replaced({ dbType, type, rules: NO_RULES, default: null });
    }
    case 'rule':
      return replaced({ rules: rulesFrom(old, change.rule, story), default: null });
    case 'required':
      return replaced({ required: !old.required });
    case 'unique':
      return replaced({ unique: !old.unique });
    case 'index':
      return replaced({ index: !old.index });
    case 'default':
      return replaced({ default: change.pick === null ? null : defaultFrom(old, change.pick, story) });
    case 'describe':
      return replaced({ description: `${old.description ?? ''}'` });
    case 'key': {
      const names = [...new Set(change.columns.map((pick) => properties[pick % properties.length]?.name ?? ''))];
      const keyed = properties.map((property) => {
        const primary = names.includes(property.name);
        return { ...property, primaryKey: primary, required: primary || (property.required && !property.primaryKey) };
      });
      return { ...dataset, primaryKey: names, properties: keyed };
    }
    case 'reorder':
      return { ...dataset, properties: [...properties.slice(1), ...properties.slice(0, 1)] };
    case 'others':
      return { ...dataset, additionalProperties: dataset.additionalProperties === 'refuse' ? 'ignore' : 'refuse' };
    case 'id-index':
      return { ...dataset, idIndex: dataset.idIndex === 'always' ? 'auto' : 'always' };
    case 'rename':
      return { ...dataset, tableName: `${dataset.tableName}x` };
  }
}

/** What a file that describes the dataset gives. */
function settled(dataset: Dataset): Dataset {
  const parsed = parseDataset(describeDataset(dataset), compileRe2);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.dataset;
}
