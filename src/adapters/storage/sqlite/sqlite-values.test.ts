import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '#domain/record/json.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { anyCell } from '#tests/support/any-cell.ts';
import { dataset, property } from '#tests/support/dataset-builders.ts';
import { decoderOf, encoderOf } from './sqlite-values.ts';

test.each([
  'VARCHAR',
  'BIGINT',
  'INTEGER',
  'SMALLINT',
  'DOUBLE',
  'BOOLEAN',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'UUID',
  'JSON',
  'DECIMAL(18,4)',
  'DECIMAL(38,10)',
])('a value of %s that is on its way to the store is read as what it was', (type) => {
  const sample = dataset('sample', [property('value', type)]);
  const { dbType } = sample.properties[0] ?? expect.unreachable();
  const validator = compileRowValidator(sample, compileRe2);
  const [encode, decode] = [encoderOf(dbType), decoderOf(dbType)];
  fc.assert(
    fc.property(anyCell(type), ({ sent }) => {
      const verdict = validator.create(parseJson(`{"value":${sent}}`), '');
      if (!verdict.ok) return;
      const [value = null] = verdict.value.row;
      expect(decode(encode(value))).toBe(value);
    }),
  );
});
