import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, doubles, type Table } from '#tests/support/analysis-table.ts';
import { CERTIFIED_SAMPLES } from './nist-univariate.ts';
import { expectClose } from './support.ts';

const EVERY_TYPE: Table = {
  text: { type: 'VARCHAR', values: ['b', 'a', 'b', null] },
  big: { type: 'BIGINT', values: [3n, 1n, 2n, null] },
  small: { type: 'SMALLINT', values: [3, 1, 2, 2] },
  money: { type: 'DECIMAL(8,2)', values: ['1.50', '-2.25', '1.50', null] },
  truth: { type: 'BOOLEAN', values: [true, false, true, null] },
  day: { type: 'DATE', values: ['2024-02-29', '2023-01-01', null, null] },
  moment: { type: 'TIMESTAMP', values: ['2024-02-29T12:00:00.5Z', '2023-01-01T00:00:00Z', null, null] },
  hour: { type: 'TIME', values: ['12:30:00', '01:00:00.25', null, null] },
  uuid: { type: 'UUID', values: ['00000000-0000-4000-8000-000000000001', null, null, null] },
  tree: { type: 'JSON', values: ['{"a":1}', '{"a":1}', '[1]', null] },
  empty: { type: 'DOUBLE', values: [null, null, null, null] },
};

export function summaryContract(get: () => Processor): void {
  it.for(CERTIFIED_SAMPLES)('describes $name of NIST StRD to its certified values', async (sample) => {
    const [row] = await compute(get(), {
      operation: 'summary',
      parameters: { top: 0, bins: 0 },
      table: doubles({ v: sample.values }),
    });
    expect(row).toMatchObject({ column: 'v', type: 'DOUBLE', count: BigInt(sample.values.length), nulls: 0n });
    expectClose(row?.mean, sample.mean, sample.tolerance.mean, `${sample.name}, mean`);
    expectClose(row?.sd, sample.sd, sample.tolerance.sd, `${sample.name}, sd`);
    expect(row).toMatchObject({ top_values: null, histogram: null });
  });

  it('tells of a column of every type', async () => {
    const rows = await compute(get(), { operation: 'summary', parameters: { top: 2, bins: 2 }, table: EVERY_TYPE });
    const told = rows.map(({ column, type, count, nulls, distinct, min, max, top_values }) =>
      [column, type, count, nulls, distinct, min, max, top_values].map((value) =>
        typeof value === 'bigint' ? Number(value) : value,
      ),
    );
    expect(told).toEqual([
      ['text', 'VARCHAR', 3, 1, 2, '"a"', '"b"', '[{"value":"b","count":2},{"value":"a","count":1}]'],
      ['big', 'BIGINT', 3, 1, 3, '1', '3', '[{"value":1,"count":1},{"value":2,"count":1}]'],
      ['small', 'SMALLINT', 4, 0, 3, '1', '3', '[{"value":2,"count":2},{"value":1,"count":1}]'],
      ['money', 'DECIMAL(8,2)', 3, 1, 2, '-2.25', '1.50', '[{"value":1.50,"count":2},{"value":-2.25,"count":1}]'],
      ['truth', 'BOOLEAN', 3, 1, 2, 'false', 'true', '[{"value":true,"count":2},{"value":false,"count":1}]'],
      [
        'day',
        'DATE',
        2,
        2,
        2,
        '"2023-01-01"',
        '"2024-02-29"',
        '[{"value":"2023-01-01","count":1},{"value":"2024-02-29","count":1}]',
      ],
      [
        'moment',
        'TIMESTAMP',
        2,
        2,
        2,
        '"2023-01-01T00:00:00Z"',
        '"2024-02-29T12:00:00.5Z"',
        '[{"value":"2023-01-01T00:00:00Z","count":1},{"value":"2024-02-29T12:00:00.5Z","count":1}]',
      ],
      [
        'hour',
        'TIME',
        2,
        2,
        2,
        '"01:00:00.25"',
        '"12:30:00"',
        '[{"value":"01:00:00.25","count":1},{"value":"12:30:00","count":1}]',
      ],
      [
        'uuid',
        'UUID',
        1,
        3,
        1,
        '"00000000-0000-4000-8000-000000000001"',
        '"00000000-0000-4000-8000-000000000001"',
        '[{"value":"00000000-0000-4000-8000-000000000001","count":1}]',
      ],
      ['tree', 'JSON', 3, 1, 2, null, null, '[{"value":{"a":1},"count":2},{"value":[1],"count":1}]'],
      ['empty', 'DOUBLE', 0, 4, 0, null, null, '[]'],
    ]);
  });

  it('gives quartiles of type 7 and bins that are closed on the left, the last one on both sides', async () => {
    const table = doubles({ v: [1, 2, 2, 3, 4, 5, 9, 10, null], same: [4, 4, 4, 4, 4, 4, 4, 4, 4] });
    const [v, same] = await compute(get(), { operation: 'summary', parameters: { bins: 3 }, table });
    expect([v?.q1, v?.median, v?.q3]).toEqual([2, 3.5, 6]);
    expect(JSON.parse(String(v?.histogram))).toEqual({ edges: [1, 4, 7, 10], counts: [4, 2, 2] });
    expect(JSON.parse(String(same?.histogram))).toEqual({ edges: [4, 4], counts: [9] });
    expect([same?.mean, same?.sd, same?.distinct]).toEqual([4, 0, 1n]);
  });

  it('has no spread of one value, and nothing to say of no rows', async () => {
    const [one] = await compute(get(), { operation: 'summary', parameters: {}, table: doubles({ v: [7] }) });
    expect(one).toMatchObject({ count: 1n, mean: 7, sd: null, median: 7 });
    const [none] = await compute(get(), { operation: 'summary', parameters: {}, table: doubles({ v: [] }) });
    expect(none).toMatchObject({ count: 0n, nulls: 0n, distinct: 0n, mean: null, min: null, top_values: '[]' });
  });

  it('may estimate, and is then near the truth', async () => {
    const values = Array.from({ length: 5000 }, (_, index) => (index * 7919) % 5000);
    const parameters = { approximate: true, top: 0, bins: 0 };
    const [row] = await compute(get(), { operation: 'summary', parameters, table: doubles({ v: values }) });
    expectClose(Number(row?.distinct), 5000, 0.2, 'distinct');
    expectClose(row?.median, 2499.5, 0.05, 'median');
    expectClose(row?.mean, 2499.5, 1e-14, 'mean');
  });
}
