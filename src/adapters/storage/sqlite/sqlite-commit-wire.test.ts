import { expect, test } from 'vitest';
import type { ChangeResult, WriteRequest } from '#domain/record/change.ts';
import { datasetFrom } from '#tests/support/any-dataset.ts';
import { packOutcomes, RequestPacker, RequestUnpacker, unpackOutcomes } from './sqlite-commit-wire.ts';

const before = datasetFrom({ name: 'wells', properties: [{ name: 'name', type: 'string', db_type: 'VARCHAR' }] });
const after = datasetFrom({
  name: 'wells',
  properties: [
    { name: 'name', type: 'string', db_type: 'VARCHAR' },
    { name: 'depth', type: 'integer', db_type: 'BIGINT' },
  ],
});
const ORIGIN = { caller: 'ada', run: null };

function create(dataset: typeof before, row: (string | bigint | null)[]): WriteRequest {
  const change = { kind: 'create', dataset, row, id: null, onConflict: 'error' } as const;
  return { changes: [change], marks: [], origin: ORIGIN };
}

test('requests arrive as they were sent, and a dataset that has changed arrives with its change', () => {
  const packer = new RequestPacker();
  const unpacker = new RequestUnpacker();
  const send = (requests: readonly WriteRequest[]) => unpacker.unpack(structuredClone(packer.pack(requests)));
  const patch: WriteRequest = {
    changes: [{ kind: 'patch', dataset: before, id: 'a', values: new Map([[0, 'x']]), ifVersion: 3 }],
    marks: [{ kind: 'run', key: 'k', value: 'v' }],
    guards: [{ kind: 'run', key: 'k', value: null }],
    origin: { caller: 'grace', run: 'r1' },
  };
  const commits = [
    [create(before, ['a']), patch],
    [create(before, [null])],
    [create(after, ['b', 2n ** 62n]), create(before, ['c'])],
    [create(before, ['d']), create(after, ['e', null])],
  ];
  for (const requests of commits) expect(send(requests)).toEqual(requests);
});

test('a dataset that stays the same is sent once', () => {
  const packer = new RequestPacker();
  expect(packer.pack([create(before, ['a']), create(before, ['b'])]).datasets).toEqual([before]);
  expect(packer.pack([create(before, ['a'])]).datasets).toEqual(['wells']);
});

test('outcomes arrive as they were, with the rows that were sent', () => {
  const sent = ['a'];
  const requests = [create(before, sent), create(before, ['b']), create(before, ['c'])];
  const record = (row: readonly (string | null)[]) =>
    ({ id: 'id', row, createdAt: 'then', updatedAt: 'now', version: 2, seq: 7 }) as const;
  const results: ChangeResult[][] = [
    [{ kind: 'created', record: record(sent) }],
    [{ kind: 'ignored', record: record(['other']) }],
    [{ kind: 'deleted', count: 4 }],
  ];
  const outcomes = results.map((each) => ({ ok: true, results: each }) as const);
  const packed = packOutcomes(requests as never, outcomes);
  expect(packed).not.toContain(sent);
  expect(unpackOutcomes(requests, structuredClone(packed))).toEqual(outcomes);
});
