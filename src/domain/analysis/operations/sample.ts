import { columnNames } from '../column-parameters.ts';
import { defineOperation, identityOf } from '../operation.ts';
import { integer, number, optional } from '../parameter.ts';
import { keyColumn } from './group.ts';

/**
 * Rows chosen by chance, the same ones for the same seed whatever the order they are stored in: those with the least MD5 of
 * `SEED:ID`, in that order. Each row is as likely as any other, as far as MD5 spreads evenly. With `fraction`, those
 * whose MD5, its last 64 bits read as a whole number, is below that part of 2^64.
 */
export const sample = defineOperation({
  description: 'Rows chosen by chance, the same ones for the same seed.',
  parameters: {
    rows: optional(integer('How many; instead of fraction.', { least: 1, most: 1_000_000 })),
    fraction: optional(number('Which part of all; instead of rows.', { least: 0, most: 1 })),
    seed: integer('Another seed chooses other rows.', { least: 0, most: Number.MAX_SAFE_INTEGER, fallback: 0 }),
    columns: columnNames('any', 'Columns to show; all properties where it is left out.', { fallback: 'all' }),
  },
  reads: ({ columns: shown }, { columns }) => [...shown, ...identityOf(columns)],
  check: ({ rows, fraction }, _input, faults) => {
    if ((rows === null) === (fraction === null)) faults.add('/parameters/rows', 'Give either rows or fraction.');
  },
  columns: ({ columns: shown }, { columns }) => shown.map((name) => keyColumn(columns, name)),
});
