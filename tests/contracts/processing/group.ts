import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, doubles, type Table } from '#tests/support/analysis-table.ts';
import { expectClose } from './support.ts';

const ALL_MEASURES = ['count', 'distinct', 'sum', 'mean', 'sd', 'variance', 'min', 'max', 'median'];

const SALES: Table = {
  shop: { type: 'VARCHAR', values: ['b', 'a', 'b', null, 'a', 'b'] },
  day: { type: 'DATE', values: ['2024-01-31', '2024-02-01', '2024-02-29', '2024-03-01', null, '2024-01-01'] },
  at: {
    type: 'TIMESTAMP',
    values: [
      '2024-01-01T10:30:00Z',
      '2024-01-01T10:59:59.9Z',
      '2024-01-01T11:00:00Z',
      null,
      null,
      '2024-01-01T10:00:00Z',
    ],
  },
  amount: { type: 'DECIMAL(6,2)', values: ['1.00', '2.00', '4.00', '8.00', null, '16.00'] },
};

export function groupContract(get: () => Processor): void {
  it('gathers by a key, null a key like any other and last', async () => {
    const parameters = {
      by: [{ column: 'shop' }],
      measures: ALL_MEASURES.map((name) => ({ function: name, column: 'amount', as: name })),
    };
    const rows = await compute(get(), { operation: 'group', parameters, table: SALES });
    expect(
      rows.map(({ shop, count, distinct, sum, min, max, median }) => [shop, count, distinct, sum, min, max, median]),
    ).toEqual([
      ['a', 1n, 1n, 2, 2, 2, 2],
      ['b', 3n, 3n, 21, 1, 16, 4],
      [null, 1n, 1n, 8, 8, 8, 8],
    ]);
    expect([rows[0]?.sd, rows[0]?.variance]).toEqual([null, null]);
    expectClose(rows[1]?.mean, 7, 1e-15, 'mean');
    expectClose(rows[1]?.variance, 63, 1e-14, 'variance');
    expectClose(rows[1]?.sd, Math.sqrt(63), 1e-14, 'sd');
  });

  it('counts rows where nothing is said, and keeps what extremes are', async () => {
    const one = await compute(get(), { operation: 'group', parameters: {}, table: SALES });
    expect(one).toEqual([{ count: 6n }]);
    const measures = [
      { function: 'min', column: 'day' },
      { function: 'max', column: 'at' },
      { function: 'max', column: 'shop' },
      { function: 'distinct', column: 'shop' },
    ];
    const rows = await compute(get(), { operation: 'group', parameters: { measures }, table: SALES });
    expect(rows).toEqual([{ min_day: '2024-01-01', max_at: '2024-01-01T11:00:00Z', max_shop: 'b', distinct_shop: 2n }]);
  });

  it('gathers by parts of time', async () => {
    const byMonth = { by: [{ column: 'day', bucket: 'month' }] };
    expect(await compute(get(), { operation: 'group', parameters: byMonth, table: SALES })).toEqual([
      { day: '2024-01-01', count: 2n },
      { day: '2024-02-01', count: 2n },
      { day: '2024-03-01', count: 1n },
      { day: null, count: 1n },
    ]);
    const byHour = { by: [{ column: 'at', bucket: 'hour' }] };
    expect(await compute(get(), { operation: 'group', parameters: byHour, table: SALES })).toEqual([
      { at: '2024-01-01T10:00:00Z', count: 3n },
      { at: '2024-01-01T11:00:00Z', count: 1n },
      { at: null, count: 2n },
    ]);
    const byWeek = { by: [{ column: 'day', bucket: 'week' }] };
    const weeks = await compute(get(), { operation: 'group', parameters: byWeek, table: SALES });
    expect(weeks.map(({ day }) => day)).toEqual(['2024-01-01', '2024-01-29', '2024-02-26', null]);
  });

  it('gathers by keys of every type, in their order', async () => {
    const table: Table = {
      big: { type: 'BIGINT', values: [9007199254740993n, -1n, 9007199254740993n, null] },
      money: { type: 'DECIMAL(20,2)', values: ['100.10', '-2.00', '100.10', null] },
      truth: { type: 'BOOLEAN', values: [true, false, true, null] },
      uuid: {
        type: 'UUID',
        values: [
          'ffffffff-0000-4000-8000-000000000001',
          '00000000-0000-4000-8000-000000000001',
          'ffffffff-0000-4000-8000-000000000001',
          null,
        ],
      },
      hour: { type: 'TIME', values: ['12:30:00', '01:00:00.25', '12:30:00', null] },
      text: { type: 'VARCHAR', values: ['é', 'Z', 'é', null] },
    };
    for (const [name, { values }] of Object.entries(table)) {
      const rows = await compute(get(), { operation: 'group', parameters: { by: [{ column: name }] }, table });
      expect(rows, name).toEqual([
        { [name]: values[1], count: 1n },
        { [name]: values[0], count: 2n },
        { [name]: null, count: 1n },
      ]);
    }
  });

  it('gathers many groups by two keys', async () => {
    const rows = 20_000;
    const a = Array.from({ length: rows }, (_, index) => index % 97);
    const b = Array.from({ length: rows }, (_, index) => index % 11);
    const table = doubles({ a, b, v: a.map((value, index) => value + index / 7) });
    const parameters = {
      by: [{ column: 'b' }, { column: 'a' }],
      measures: [{ function: 'sum', column: 'v' }, { function: 'count' }],
    };
    const expected = new Map<string, { sum: number; count: bigint }>();
    a.forEach((key, index) => {
      const name = `${b[index]}/${key}`;
      const known = expected.get(name) ?? { sum: 0, count: 0n };
      expected.set(name, { sum: known.sum + key + index / 7, count: known.count + 1n });
    });
    const groups = await compute(get(), { operation: 'group', parameters, table });
    expect(groups).toHaveLength(97 * 11);
    expect(groups[1]).toMatchObject({ b: 0, a: 1 });
    for (const row of groups) {
      const known = expected.get(`${String(row.b)}/${String(row.a)}`);
      expect(row.count).toBe(known?.count);
      expectClose(row.sum_v, known?.sum ?? Number.NaN, 1e-12, `${String(row.b)}/${String(row.a)}`);
    }
  });

  it('says nothing of no rows but the one group without keys', async () => {
    const table = doubles({ v: [] });
    const sum = [{ function: 'sum', column: 'v' }];
    expect(await compute(get(), { operation: 'group', parameters: { measures: sum }, table })).toEqual([
      { sum_v: null },
    ]);
    const by = [{ column: 'v' }];
    expect(await compute(get(), { operation: 'group', parameters: { by, measures: sum }, table })).toEqual([]);
  });
}
