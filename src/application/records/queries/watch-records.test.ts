import { expect, test } from 'vitest';
import { parseJson } from '#domain/record/json.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { dataset, property } from '#tests/support/dataset-builders.ts';
import { systemCall } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { ChangeLog } from '../../ports/change-log.ts';
import type { RecordReader } from '../../ports/record-reader.ts';
import { ChangeTail } from '../change-tail.ts';
import { StreamPlaces } from './stream-records.ts';
import { watchRecords } from './watch-records.ts';

const wells = dataset('wells', [property('oil', 'BIGINT')]);

/** A change of a record that was or is at so much oil; null where it was or is not there. */
interface Step {
  readonly id: string;
  readonly version: number;
  readonly before: bigint | null;
  readonly after: bigint | null;
}

/** Watches wells with `oil` from 5 on while steps happen; `inSnapshot` of them before the rows are read, the others after. */
async function watch(steps: readonly Step[], inSnapshot: number, rows: readonly { id: string; version: number }[]) {
  let head = 0;
  const image = (oil: bigint | null, version: number) =>
    oil === null ? null : ({ row: [oil], version } as never as StoredRecord);
  const log: ChangeLog = {
    head: () => head,
    read: async ({ since }) => ({
      changes: steps.slice(since, head).map(({ id, version, before, after }, at) => ({
        seq: since + at + 1,
        operation: 'update' as const,
        id,
        json: '{}',
        images: { before: image(before, version - 1), after: image(after, version) },
      })),
      next: head,
      hasMore: false,
    }),
    subscribe: () => () => {},
  };
  const page = async () => {
    head = inSnapshot;
    return { records: rows.map((row) => ({ ...row, json: '{}' })), total: rows.length, last: null };
  };
  const gate = { run: <T>(_signal: AbortSignal, work: () => Promise<T>) => work() };
  const useCase = watchRecords({
    catalog: { get: () => ({ dataset: wells }) } as unknown as DatasetCatalog,
    reader: { page } as unknown as RecordReader,
    gate,
    tail: new ChangeTail({ changes: log, gate, limit: 1000, timeout: 1000 }),
    places: new StreamPlaces(10),
    limits: {
      filter: { maxConditions: 10, maxDepth: 5, maxListLength: 10 },
      maxSortKeys: 1,
      maxWatchedRows: 3,
      queryTimeout: 1000,
    } as Limits,
    stopping: new AbortController().signal,
  });
  const filters = parseJson('[{"field": "oil", "operator": "gte", "value": 5}]');
  const { records, pages } = await useCase({ schema: 'wells', filters, sort: null, heartbeat: 1 }, systemCall());
  head = steps.length;
  const told: string[] = [];
  for await (const { changes, next } of pages) {
    told.push(...changes.map(({ event, id, seq }) => `${event} ${id} ${seq}`));
    if (next >= steps.length) break;
  }
  return { rows: records.map(({ id }) => id), told };
}

test.each<[string, readonly Step[], number, readonly { id: string; version: number }[], readonly string[]]>([
  ['what comes after the snapshot is told', [{ id: 'a', version: 1, before: null, after: 7n }], 0, [], ['enter a 1']],
  [
    'what the snapshot has is not',
    [{ id: 'a', version: 1, before: null, after: 7n }],
    1,
    [{ id: 'a', version: 1 }],
    [],
  ],
  [
    'a change between the head and the snapshot, which the snapshot does not have yet, is told',
    [{ id: 'a', version: 2, before: 7n, after: 8n }],
    1,
    [{ id: 'a', version: 1 }],
    ['change a 1'],
  ],
  [
    'a record that entered and left before the snapshot comes and goes',
    [
      { id: 'a', version: 2, before: 1n, after: 8n },
      { id: 'a', version: 3, before: 8n, after: 1n },
    ],
    2,
    [],
    ['enter a 1', 'leave a 2'],
  ],
  [
    'a record that left and came again before the snapshot stays',
    [
      { id: 'a', version: 3, before: 8n, after: 1n },
      { id: 'a', version: 4, before: 1n, after: 9n },
    ],
    2,
    [{ id: 'a', version: 4 }],
    [],
  ],
  ['who was gone by the snapshot does not leave', [{ id: 'a', version: 2, before: 8n, after: null }], 1, [], []],
  [
    'a record that is made again with its id leaves and enters',
    [
      { id: 'a', version: 3, before: 8n, after: null },
      { id: 'a', version: 1, before: null, after: 9n },
    ],
    0,
    [{ id: 'a', version: 2 }],
    ['leave a 1', 'enter a 2'],
  ],
])('%s', async (_, steps, inSnapshot, rows, expected) => {
  const { rows: shown, told } = await watch(steps, inSnapshot, rows);
  expect(shown).toEqual(rows.map(({ id }) => id));
  expect(told).toEqual(expected);
});

test('more rows than a live query may have are refused', async () => {
  const rows = ['a', 'b', 'c', 'd'].map((id) => ({ id, version: 1 }));
  await expect(watch([], 0, rows)).rejects.toMatchObject({ code: 'too_large' });
});
