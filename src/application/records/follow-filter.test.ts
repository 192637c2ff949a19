import { expect, test } from 'vitest';
import type { Condition } from '#domain/query/evaluate.ts';
import type { StoredRecord } from '#domain/record/record.ts';
import { tellChange } from './follow-filter.ts';

const record = (value: number | null) => ({ row: [value] }) as unknown as StoredRecord;
const above5: Condition = ({ row }) => (row[0] === null || row[0] === undefined ? null : Number(row[0]) > 5);

test.each([
  [null, record(9), 'enter'],
  [null, record(1), undefined],
  [record(1), record(9), 'enter'],
  [record(9), record(8), 'change'],
  [record(9), record(1), 'leave'],
  [record(9), record(null), 'leave'],
  [record(null), record(1), undefined],
  [record(9), null, 'leave'],
  [record(1), null, undefined],
])('a change from %o to %o is told as %s', (before, after, event) => {
  const change = { seq: 1, operation: 'update', id: 'x', json: '{}', images: { before, after } } as const;
  expect(tellChange(change, above5)[0]?.event).toBe(event);
});

test('without a filter each change is told by its operation', () => {
  const events = (['create', 'update', 'delete'] as const).map(
    (operation) => tellChange({ seq: 1, operation, id: 'x', json: '{}' }, null)[0]?.event,
  );
  expect(events).toEqual(['enter', 'change', 'leave']);
});
