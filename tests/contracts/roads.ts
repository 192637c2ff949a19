import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { parseJson } from '#domain/record/json.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { StoreDriver } from '../support/store-driver.ts';
import { HOSTILE_VALUES } from './roads/hostile-values.ts';
import { BROKEN_ROWS, ODD_ROWS, RECORD_ROWS, VALUE_ROWS } from './roads/json-rows.ts';
import { judgeOf, type Verdict, valueIn } from './roads/judge.ts';
import { mutated } from './roads/mutated.ts';
import { ROADS } from './roads/roads-dataset.ts';
import { standing } from './roads/standing.ts';
import type { OpenedEngine } from './storage/contract-context.ts';

const FIRST_ROW = `{${ROADS.properties.map(({ name }) => `${JSON.stringify(name)}:null`).join(',')}}`;
const FIRST_RECORD = `{"id":null,"schema_name":"roads","data":${FIRST_ROW},"created_at":null,"updated_at":null,"version":null}`;

/** Sends every value by every road and compares what becomes of it with what the domain's rule says. */
export function describeRoads(name: string, open: () => Promise<OpenedEngine>, options = { alone: true }): void {
  describe(`every value by every road into ${name}`, () => {
    let opened: OpenedEngine;
    let store: StoreDriver;
    beforeAll(async () => {
      opened = await open();
      store = new StoreDriver(opened.engine);
      await store.use(ROADS);
    });
    afterEach(() => clear());
    afterAll(() => opened.dispose());

    test('the rule itself says what the contract says', () => {
      const judge = judgeOf(ROADS, false);
      const wrong = HOSTILE_VALUES.flatMap((value) => {
        const [of, sent, back] = value;
        const verdict = judge(`{"${of}":${sent}}`);
        const got = 'data' in verdict ? valueIn(verdict.data, of) : null;
        return got === back ? [] : [{ value, got, verdict }];
      });
      expect(wrong).toEqual([]);
    });

    test.runIf(options.alone)('one by one', async () => {
      const validator = compileRowValidator(ROADS, compileRe2);
      for (const [of, sent, back] of HOSTILE_VALUES) {
        if (back === null) continue;
        const verdict = validator.create(parseJson(`{"${of}":${sent}}`), '');
        if (!verdict.ok) throw new Error(`${of} ${sent} is refused`);
        await store.change({ kind: 'create', dataset: ROADS, ...verdict.value, onConflict: 'error' });
        const [record] = await standing(store, ROADS);
        expect(record && valueIn(record.data, of), `${of} ${sent}`).toBe(back);
        await clear();
      }
    });

    test.each([
      ['lines', '\n', VALUE_ROWS],
      ['lines that end as on Windows', '\r\n', VALUE_ROWS],
      ['odd lines', '\n', ODD_ROWS],
    ])('NDJSON: %s', async (_, lineEnd, rows) => {
      await compare('ndjson', [FIRST_ROW, ...rows], lineEnd);
    });

    test.each([
      ['whole records', RECORD_ROWS],
      ['odd records', ODD_ROWS],
    ])('NDJSON: %s', async (_, rows) => {
      await compare('ndjson', [FIRST_RECORD, ...rows], '\n');
    });

    test('NDJSON: members that the first lines do not have', async () => {
      await compare('ndjson', ['{"flag":true}', ...VALUE_ROWS], '\n');
      await compare('ndjson', ['{"data":{"flag":true}}', ...RECORD_ROWS], '\n');
    });

    test('NDJSON: lines with something changed in them', { timeout: 120_000 }, async () => {
      const short = [...VALUE_ROWS, ...ODD_ROWS].filter((row) => row.length < 200 && !row.includes('\u0001'));
      const records = RECORD_ROWS.filter((row) => row.length < 300);
      await fc.assert(
        fc.asyncProperty(fc.array(mutated(short), { minLength: 300, maxLength: 300 }), (rows) =>
          compare('ndjson', [FIRST_ROW, ...rows], '\n'),
        ),
        { numRuns: options.alone ? 20 : 5, endOnFailure: true },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(mutated(records), { minLength: 300, maxLength: 300 }), (rows) =>
          compare('ndjson', [FIRST_RECORD, ...rows], '\n'),
        ),
        { numRuns: options.alone ? 10 : 5, endOnFailure: true },
      );
    });

    test('NDJSON: bytes that are no text', async () => {
      await compare('ndjson', [FIRST_ROW, ...BROKEN_ROWS], '\n');
    });

    test.runIf(options.alone)('NDJSON: each line a body of its own', { timeout: 120_000 }, async () => {
      const judge = judgeOf(ROADS, true);
      for (const row of [...VALUE_ROWS.filter((_, at) => at % 14 === 0), ...ODD_ROWS]) {
        const before = await store.count(ROADS);
        const verdict = judge(row);
        const load = store.load(ROADS, row, { pieces: 1_000_000 });
        if ('refused' in verdict) {
          const error = await load.catch((caught) => caught);
          expect(error, row).toBeInstanceOf(DataForgeError);
          expect(error.details.rejections[0].errors.map((fault: { message: string }) => fault.message)).toEqual(
            verdict.refused,
          );
          expect(await store.count(ROADS)).toBe(before);
        } else {
          expect((await load).created, row).toBe(1);
          const [record] = await standing(store, ROADS);
          expect(record).toMatchObject(verdict.id === null ? { data: verdict.data } : verdict);
          await clear();
        }
      }
    });

    test('a JSON array', async () => {
      const isItem = (row: string) => {
        try {
          return parseJson(row) !== undefined;
        } catch {
          return false;
        }
      };
      const items = [...VALUE_ROWS, ...ODD_ROWS].filter((row) => isItem(row) && !row.startsWith('\ufeff'));
      await compare('json', [FIRST_ROW, ...items], '\n');
    });

    /** Sends the rows as one body after the other and holds each row's fate against the judge. */
    async function compare(format: 'ndjson' | 'json', rows: readonly (string | Uint8Array)[], lineEnd: string) {
      const judge = judgeOf(ROADS, format === 'ndjson');
      const [first = '', ...others] = rows;
      const differences: unknown[] = [];
      for (let from = 0; from < others.length; from += ROWS_A_BODY) {
        const sent = [...ordinary(first), ...others.slice(from, from + ROWS_A_BODY)];
        const body = Buffer.concat(
          format === 'json'
            ? [
                Buffer.from('['),
                ...sent.flatMap((row, at) => [Buffer.from(at === 0 ? '' : ' ,\n'), Buffer.from(row)]),
                Buffer.from(']'),
              ]
            : sent.flatMap((row) => [Buffer.from(row), Buffer.from(lineEnd)]),
        );
        const counts = await store.load(ROADS, body, { format, onInvalid: 'reject', pieces: 777 });
        const wanted = sent.map((row) => judge(row));
        const got = fates(sent.length, counts.rejections, await standing(store, ROADS));
        const seen = new Set<string>();
        sent.forEach((row, at) => {
          const expected = duplicateId(wanted[at] as Verdict, seen);
          if (!isSame(expected, got[at])) differences.push(`${row} → ${shown(got[at])}, not ${shown(expected)}`);
        });
        await clear();
      }
      expect(differences.slice(0, 20)).toEqual([]);
    }

    async function clear(): Promise<void> {
      await store.change({ kind: 'delete-matching', dataset: ROADS, filter: null });
    }
  });
}

const ROWS_A_BODY = 700;

/** As many ordinary rows as the quick reader looks at to find what rows are like here. */
function ordinary<T>(row: T): T[] {
  return Array.from({ length: 32 }, () => row);
}

/** What became of each row of a body: its rejection, or the next record that stands. */
function fates(
  rows: number,
  rejections: readonly { readonly line: number; readonly errors: readonly { readonly message: string }[] }[],
  records: readonly Verdict[],
): (Verdict | undefined)[] {
  const rejected = new Map(rejections.map(({ line, errors }) => [line, errors.map(({ message }) => message)]));
  let next = 0;
  return Array.from({ length: rows }, (_, at) => {
    const refused = rejected.get(at + 1);
    return refused === undefined ? records[next++] : { refused };
  });
}

/** An id that an earlier row of the body has is a conflict. */
function duplicateId(verdict: Verdict, seen: Set<string>): Verdict {
  if ('refused' in verdict || verdict.id === null) return verdict;
  if (seen.has(verdict.id)) return { refused: [] };
  seen.add(verdict.id);
  return verdict;
}

function isSame(expected: Verdict, got: Verdict | undefined): boolean {
  if (got === undefined) return false;
  if ('refused' in expected) {
    return (
      'refused' in got && (expected.refused.length === 0 || sentences(expected.refused) === sentences(got.refused))
    );
  }
  return 'data' in got && got.data === expected.data && (expected.id === null || got.id === expected.id);
}

/** Where in the text a fault lies differs where its line ends with a carriage return. */
function sentences(messages: readonly string[]): string {
  return messages
    .map((message) => message.replace(/(a control character in a string|a string has no end)? at character \d+\.$/, ''))
    .join();
}

/** A verdict for a person to read. */
function shown(verdict: Verdict | undefined): string {
  return JSON.stringify(verdict).replaceAll(/\\"\w+\\":null,?/g, '');
}
