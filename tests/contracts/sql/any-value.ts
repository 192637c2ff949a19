import fc from 'fast-check';

/** A type of the engine with values of it, each as SQL and as the JSON it must come back as. */
export interface AnyColumn {
  readonly type: string;
  readonly values: readonly { readonly sql: string; readonly json: string }[];
}

interface Kind {
  readonly type: string;
  readonly value: fc.Arbitrary<{ readonly sql: string; readonly json: string }>;
}

const NULL = { sql: 'NULL', json: 'null' };
const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;

const text: Kind = {
  type: 'VARCHAR',
  value: fc
    .string({ unit: fc.constantFrom('a', 'ß', '😀', '"', "'", '\n', ' '), maxLength: 20 })
    .map((value) => ({ sql: quote(value), json: JSON.stringify(value) })),
};

const SCALARS: readonly Kind[] = [
  text,
  { type: 'BIGINT', value: fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }).map((n) => both(`${n}`)) },
  { type: 'UTINYINT', value: fc.nat(255).map((n) => both(`${n}`)) },
  { type: 'HUGEINT', value: fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map((n) => both(`${n}`)) },
  { type: 'BOOLEAN', value: fc.boolean().map((flag) => both(`${flag}`)) },
  {
    type: 'DECIMAL(6,3)',
    value: fc
      .integer({ min: -999_999, max: 999_999 })
      .map((n) => both((n / 1000).toFixed(3).replace(/^-0\.000$/, '0.000'))),
  },
  { type: 'UUID', value: fc.uuid().map((uuid) => ({ sql: quote(uuid), json: `"${uuid}"` })) },
  {
    type: "ENUM('x', 'y', 'zz')",
    value: fc.constantFrom('x', 'y', 'zz').map((word) => ({ sql: quote(word), json: `"${word}"` })),
  },
  {
    type: 'DATE',
    value: fc.integer({ min: 0, max: 40_000 }).map((days) => {
      const date = new Date(days * 86_400_000).toISOString().slice(0, 10);
      return { sql: quote(date), json: `"${date}"` };
    }),
  },
];

function both(literal: string) {
  return { sql: literal, json: literal };
}

const orNull = ({ value }: Kind) =>
  fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(NULL) });
const items = (kind: Kind, options: { minLength?: number; maxLength: number }) => fc.array(orNull(kind), options);
const joined = (values: readonly { sql: string; json: string }[]) => ({
  sql: `[${values.map(({ sql }) => sql).join(', ')}]`,
  json: `[${values.map(({ json }) => json).join(',')}]`,
});

function nested(kind: Kind): readonly Kind[] {
  return [
    { type: `${kind.type}[]`, value: items(kind, { maxLength: 4 }).map(joined) },
    { type: `${kind.type}[2]`, value: items(kind, { minLength: 2, maxLength: 2 }).map(joined) },
    {
      type: `STRUCT(a ${kind.type}, b VARCHAR)`,
      value: fc.tuple(orNull(kind), orNull(text)).map(([a, b]) => ({
        sql: `{'a': ${a.sql}, 'b': ${b.sql}}`,
        json: `{"a":${a.json},"b":${b.json}}`,
      })),
    },
    {
      type: `MAP(INTEGER, ${kind.type})`,
      value: items(kind, { maxLength: 3 }).map((values) => ({
        sql: `MAP {${values.map(({ sql }, key) => `${key}: ${sql}`).join(', ')}}`,
        json: `[${values.map(({ json }, key) => `[${key},${json}]`).join(',')}]`,
      })),
    },
  ];
}

const scalar = fc.constantFrom(...SCALARS);
/** The engine cannot write down a list of an enum's type as it was parsed. */
const part = fc.constantFrom(...SCALARS.filter(({ type }) => !type.startsWith('ENUM')));
const inner = fc.oneof(
  part,
  part.chain((each) => fc.constantFrom(...nested(each))),
);
const kind = fc.oneof(
  scalar,
  inner,
  inner.chain((each) => fc.constantFrom(...nested(each))),
);

/** Types nest up to two deep; every value may be null. */
export const anyColumn: fc.Arbitrary<AnyColumn> = kind.chain((each) =>
  fc.array(orNull(each), { minLength: 1, maxLength: 7 }).map((values) => ({ type: each.type, values })),
);
