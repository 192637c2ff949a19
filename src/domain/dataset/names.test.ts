import fc from 'fast-check';
import { expect, test } from 'vitest';
import { datasetFrom } from '#tests/support/any-dataset.ts';
import type { Dataset } from './dataset.ts';
import { findClashes, flatColumnName, nameFault, namesClash, resolveField } from './names.ts';

function aDataset(names: readonly string[]): Dataset {
  return datasetFrom({ name: 'things', properties: names.map((name) => ({ name, type: 'string' })) });
}

test.each(['a', 'größe', '日本', 'Cost Total $', 'a"b', "a'b; drop table", '🙂', 'select', 'a.b', 'x'.repeat(200)])(
  'the name %s may stand',
  (name) => {
    expect(nameFault(name)).toBeNull();
  },
);

test.each([
  ['', 'empty'],
  ['  ', 'empty'],
  ['\ud800', 'surrogate'],
  ['a\nb', 'control'],
  ['a\u0000', 'control'],
  ['_id', '"_"'],
  ['forge_x', '"forge_"'],
  ['FORGE_X', '"forge_"'],
  ['..', 'address'],
  ['🙂'.repeat(201), '201'],
])('the name %j is refused', (name, word) => {
  expect(nameFault(name)).toContain(word);
});

test('names clash without regard to case', () => {
  expect(namesClash('ΣΊΣΥΦΟΣ', 'σίσυφος')).toBe(true);
  expect(namesClash('ß', 'ss')).toBe(false);
  expect(findClashes(['a', 'b', 'A', 'B', 'a'])).toEqual([
    { at: 2, first: 0 },
    { at: 3, first: 1 },
    { at: 4, first: 0 },
  ]);
});

test('system fields have an underscored name always and a bare one where no property has it', () => {
  const plain = aDataset(['amount']);
  expect(resolveField(plain, 'id')).toEqual({ kind: 'system', name: 'id' });
  expect(resolveField(plain, '_seq')).toEqual({ kind: 'system', name: 'seq' });
  expect(resolveField(plain, 'seq')).toBeUndefined();
  expect(resolveField(plain, 'ID')).toBeUndefined();
  expect(resolveField(plain, '_ID')).toBeUndefined();
  expect(resolveField(plain, 'amount')).toMatchObject({ kind: 'property', index: 0 });
  expect(resolveField(plain, 'Amount')).toBeUndefined();

  const taken = aDataset(['ID', 'Version']);
  expect(resolveField(taken, 'id')).toMatchObject({ kind: 'property', property: { name: 'ID' } });
  expect(resolveField(taken, '_id')).toEqual({ kind: 'system', name: 'id' });
  expect(resolveField(taken, 'created_at')).toEqual({ kind: 'system', name: 'created_at' });
  expect(flatColumnName(taken, 'id')).toBe('_id');
  expect(flatColumnName(taken, 'version')).toBe('_version');
  expect(flatColumnName(taken, 'created_at')).toBe('created_at');
  expect(flatColumnName(taken, 'seq')).toBe('_seq');
});

test('any name of the kind that may stand is found again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), (name) => {
      fc.pre(nameFault(name) === null);
      expect(resolveField(aDataset([name]), name)).toMatchObject({ kind: 'property', index: 0 });
    }),
  );
});
