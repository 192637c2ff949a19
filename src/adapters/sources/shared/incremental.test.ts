import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Boundary, IncrementalFilter } from './incremental.ts';

const lines = (rows: readonly object[]) => Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const rowsOf = (bytes: Uint8Array) =>
  Buffer.from(bytes)
    .toString()
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));

function run(rows: readonly object[], from: Boundary | null) {
  const filter = new IncrementalFilter('at', from, from);
  return { taken: rowsOf(filter.take(lines(rows))), boundary: filter.boundary };
}

test('over any number of runs of a source that only grows, every row is taken once', () => {
  const row = fc.record({ at: fc.integer({ min: 0, max: 5 }), n: fc.nat() });
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 6 }), { maxLength: 5 }), (growth) => {
      let boundary: Boundary | null = null;
      let high = 0;
      const known: object[] = [];
      const taken: object[] = [];
      growth.forEach((rows, index) => {
        // What comes later is no older than what was there, and no row comes twice.
        const added = rows.map(({ at, n }, place) => ({ at: Math.max(at, high), n, id: `${index}.${place}` }));
        known.push(...added);
        high = Math.max(high, ...added.map(({ at }) => at));
        const result = run(known.toReversed(), boundary && JSON.parse(JSON.stringify(boundary)));
        taken.push(...result.taken);
        boundary = result.boundary;
      });
      expect(taken).toHaveLength(known.length);
      expect(new Set(taken.map((each) => JSON.stringify(each)))).toEqual(
        new Set(known.map((each) => JSON.stringify(each))),
      );
    }),
  );
});

test('numbers past 2^53 and times as texts are compared exactly', () => {
  const big = (digits: string) => Buffer.from(`{"at":${digits}}\n`);
  const filter = new IncrementalFilter('at', null, null);
  filter.take(big('9007199254740993'));
  const later = new IncrementalFilter('at', filter.boundary, filter.boundary);
  expect(later.take(big('9007199254740992')).length).toBe(0);
  expect(later.take(big('9007199254740994')).length).toBeGreaterThan(0);
  const { boundary } = run([{ at: '2024-01-01' }], null);
  expect(run([{ at: '2023-12-31' }, { at: '2024-01-02' }], boundary).taken).toEqual([{ at: '2024-01-02' }]);
});

test('a row without the field, or that is no JSON, is left to others to judge', () => {
  const filter = new IncrementalFilter('at', { value: '5', isNumber: true, seen: [] }, null);
  const odd = Buffer.from('{"n":1}\n{"at":null}\nnonsense\n');
  expect(filter.take(odd)).toEqual(odd);
});
