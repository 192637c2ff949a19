import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VALUE_FORMATS } from '#domain/record/formats.ts';
import { parseJson } from '#domain/record/json.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { dataset, property } from '../support/dataset-builders.ts';
import { StoreDriver } from '../support/store-driver.ts';
import type { OpenedEngine } from './storage/contract-context.ts';

const PATTERNS = [
  '^[a-z]+$',
  'a.c',
  'a$',
  '^b',
  '(?i)k',
  '(?i)straße',
  '\\d{2,3}',
  '\\w+\\s\\w+',
  '[[:alpha:]]',
  '\\pL',
  '\\p{Greek}',
  '(?s)a.c',
  '(?m)^c$',
  '\\bx\\b',
  '^$',
  'x*',
  '[^a]',
  "it's",
  '^(?:😀|ß){2}$',
];
const TEXTS = ['', 'a', 'abc', 'a\nc', 'abc\n', 'ab\nc', 'b', '\nb', 'K', '\u212a', 'STRASSE', 'STRAẞE', 'straße']
  .concat(['12', '1234', '١٢', 'é', 'é x', 'σ', 'x', 'xx', '_x', 'ax', "it's", '😀ß', '😀', '😀😀😀', 'a\u0301', 'a b'])
  .concat([
    'a@b.de',
    'a@',
    'http://x.de/?a=%20',
    'http://x y',
    '127.0.0.1',
    '256.0.0.1',
    '::1',
    '::ffff:1.2.3.4',
    'a-.b',
  ])
  .concat(['a.b\n', 'x.y.', `${'a'.repeat(64)}.de`, '2024-01-01', 'open', 'Open']);
const NUMBERS = ['0', '1', '9', '10', '11', '-1', '9.99', '10.0', '10.01', '1e1', '100', '32767', '-32768', '0.5'];

/** A property for each rule, and the values that it is tried with. */
const CASES = [
  ...PATTERNS.map((pattern, at) => [property(`pattern${at}`, 'VARCHAR', { rules: { pattern } }), TEXTS] as const),
  ...VALUE_FORMATS.map((format) => [property(`format_${format}`, 'VARCHAR', { rules: { format } }), TEXTS] as const),
  [property('longest', 'VARCHAR', { rules: { maxLength: 2 } }), TEXTS] as const,
  [property('shortest', 'VARCHAR', { rules: { minLength: 2 } }), TEXTS] as const,
  [property('word', 'VARCHAR', { rules: { enum: ['open', "it's", '😀', ''] } }), TEXTS] as const,
  [property('from', 'VARCHAR', { rules: { minimum: 'b', maximum: '\uffff' } }), TEXTS] as const,
  [property('big', 'BIGINT', { rules: { minimum: 1n, maximum: 10n } }), NUMBERS] as const,
  [property('small', 'SMALLINT', { rules: { enum: [1, 10] } }), NUMBERS] as const,
  [property('double', 'DOUBLE', { rules: { minimum: 0.5, maximum: 10 } }), NUMBERS] as const,
  [property('price', 'DECIMAL(18,4)', { rules: { minimum: '0.5000', maximum: '10.0000' } }), NUMBERS] as const,
  [property('rate', 'DECIMAL(4,2)', { rules: { enum: ['10.00', '9.99'] } }), NUMBERS] as const,
] as const;

/** Rules of properties mean the same to the engine's quick reader as to the domain. */
export function describeRuleRoads(name: string, open: () => Promise<OpenedEngine>): void {
  describe(`rules of properties in ${name}`, () => {
    const ruled = dataset('ruled', [property('n', 'INTEGER'), ...CASES.map(([item]) => item)]);
    let opened: OpenedEngine;
    let store: StoreDriver;
    beforeAll(async () => {
      opened = await open();
      store = new StoreDriver(opened.engine);
      await store.use(ruled);
    });
    afterAll(() => opened.dispose());

    const rows = CASES.flatMap(([{ name: of, dbType }, values]) =>
      values.map((value) => `"${of}":${dbType.name === 'VARCHAR' ? JSON.stringify(value) : value}`),
    ).map((member, at) => `{"n":${at},${member}}`);
    const ordinary = `{${ruled.properties.map((item) => `"${item.name}":null`).join(',')}}`;

    test.each(['ndjson', 'csv'] as const)('by %s', async (format) => {
      const validator = compileRowValidator(ruled, compileRe2);
      const names = ruled.properties.map((item) => item.name);
      const cell = (json: unknown) =>
        json === undefined || json === null ? '' : `"${String(json).replaceAll('"', '""')}"`;
      for (let from = 0; from < rows.length; from += 500) {
        const some = rows.slice(from, from + 500);
        const wanted = some.flatMap((row, at) => (validator.create(parseJson(row), '').ok ? [from + at] : []));
        if (format === 'ndjson') {
          const body = `${`${ordinary}\n`.repeat(32)}${some.join('\n')}`;
          await store.load(ruled, body, { onInvalid: 'reject', pieces: 10_000 });
        } else {
          const valid = some.filter((_, at) => wanted.includes(from + at));
          for (const part of [valid, some]) {
            const lines = part.map((row) => names.map((of) => cell(JSON.parse(row)[of])).join(','));
            const body = `${names.join(',')}\n${lines.join('\n')}\n`;
            await store.load(ruled, body, { format, onInvalid: 'reject', pieces: 10_000 });
            expect(await stored()).toEqual(wanted);
            if (part === valid) await clear();
          }
        }
        expect(await stored()).toEqual(wanted);
        await clear();
      }
    });

    test('each refused value by itself', { timeout: 60_000 }, async () => {
      const validator = compileRowValidator(ruled, compileRe2);
      const names = ruled.properties.map((item) => item.name);
      for (const [{ name: of, dbType }, values] of CASES) {
        if (dbType.name !== 'VARCHAR') continue;
        const column = `n,${of}\n`;
        expect(names).toContain(of);
        const refused = values.filter((text) => !validator.create(parseJson(JSON.stringify({ [of]: text })), '').ok);
        for (const text of refused.filter((value) => !/[\n"]/.test(value)).slice(0, 8)) {
          const counts = await store.load(ruled, `${column}1,"${text}"\n`, { format: 'csv', onInvalid: 'reject' });
          expect([of, text, counts.created]).toEqual([of, text, 0]);
        }
      }
    });

    async function stored(): Promise<number[]> {
      const items = await store.items(ruled, {
        filters: [{ field: 'n', operator: 'is_not_null' }],
        sort: [{ field: '_seq' }],
      });
      return items.map(({ data }) => Number(data.n));
    }

    async function clear(): Promise<void> {
      await store.change({ kind: 'delete-matching', dataset: ruled, filter: null });
    }
  });
}
