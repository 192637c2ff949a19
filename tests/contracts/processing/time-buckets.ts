import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, type Table } from '#tests/support/analysis-table.ts';
import { expectClose } from './support.ts';

const READINGS: Table = {
  station: { type: 'VARCHAR', values: ['b', 'a', 'a', 'b', 'a', 'a'] },
  day: { type: 'DATE', values: ['2024-01-02', '2024-01-01', '2024-01-01', '2024-01-04', '2024-01-05', null] },
  level: { type: 'DOUBLE', values: [10, 1, 3, 20, 6, 99] },
};

const DAYS = [1, 2, 3, 4, 5].map((day) => `2024-01-0${day}T00:00:00Z`);

export function timeBucketsContract(get: () => Processor): void {
  const byDay = async (fill: string | undefined) => {
    const measures = [{ function: 'count' }, { function: 'mean', column: 'level', as: 'mean' }];
    const parameters = { time: 'day', every: 'day', measures, ...(fill === undefined ? {} : { fill }) };
    const rows = await compute(get(), { operation: 'time_buckets', parameters, table: READINGS });
    return rows.map(({ day, count, mean }) => [day, Number(count), mean]);
  };

  it('has a row for each bucket between the first and the last', async () => {
    const [one, two, three, four, five] = DAYS;
    expect(await byDay(undefined)).toEqual([
      [one, 2, 2],
      [two, 1, 10],
      [three, 0, null],
      [four, 1, 20],
      [five, 1, 6],
    ]);
    expect((await byDay('none')).map(([day]) => day)).toEqual([one, two, four, five]);
  });

  it('fills gaps with nothing, the value before or the line between neighbours', async () => {
    expect((await byDay('zero')).map(([, , mean]) => mean)).toEqual([2, 10, 0, 20, 6]);
    expect((await byDay('previous')).map(([, , mean]) => mean)).toEqual([2, 10, 10, 20, 6]);
    expect((await byDay('linear')).map(([, , mean]) => mean)).toEqual([2, 10, 15, 20, 6]);
  });

  it('gives each key all buckets, and draws no line past its ends', async () => {
    const parameters = {
      time: 'day',
      every: 'day',
      by: ['station'],
      measures: [{ function: 'sum', column: 'level', as: 'sum' }],
      fill: 'linear',
    };
    const rows = await compute(get(), { operation: 'time_buckets', parameters, table: READINGS });
    expect(rows.map(({ station, day }) => [station, day])).toEqual(
      ['a', 'b'].flatMap((station) => DAYS.map((day) => [station, day])),
    );
    expect(rows.slice(5).map(({ sum }) => sum)).toEqual([null, 10, 15, 20, null]);
    for (const [at, sum] of [4, 4.5, 5, 5.5, 6].entries()) expectClose(rows[at]?.sum, sum, 1e-12, `a, ${DAYS[at]}`);
  });

  it('counts months and quarters by the calendar', async () => {
    const table: Table = {
      at: { type: 'TIMESTAMP', values: ['2023-11-30T23:59:59Z', '2024-02-29T00:00:00Z', '2024-07-01T00:00:00Z'] },
    };
    const of = async (every: string) => {
      const rows = await compute(get(), { operation: 'time_buckets', parameters: { time: 'at', every }, table });
      return rows.map(({ at, count }) => `${String(at).slice(0, 10)} ${Number(count)}`);
    };
    expect(await of('quarter')).toEqual(['2023-10-01 1', '2024-01-01 1', '2024-04-01 0', '2024-07-01 1']);
    expect(await of('month')).toHaveLength(9);
    expect(await of('year')).toEqual(['2023-01-01 1', '2024-01-01 2']);
    expect((await of('week')).slice(0, 2)).toEqual(['2023-11-27 1', '2023-12-04 0']);
  });

  it('says nothing of no rows, and refuses more buckets than anybody wants', async () => {
    const none = { ...READINGS, day: { type: 'DATE', values: [null, null, null, null, null, null] } };
    const byDays = { time: 'day', every: 'day' };
    expect(await compute(get(), { operation: 'time_buckets', parameters: byDays, table: none })).toEqual([]);
    const table: Table = { at: { type: 'TIMESTAMP', values: ['0001-01-01T00:00:00Z', '9999-12-31T00:00:00Z'] } };
    const bySecond = { time: 'at', every: 'second' };
    await expect(compute(get(), { operation: 'time_buckets', parameters: bySecond, table })).rejects.toMatchObject({
      code: 'too_large',
    });
  });
}
