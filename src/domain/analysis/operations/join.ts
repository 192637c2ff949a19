import { formatDbType } from '../../dataset/db-type.ts';
import type { ColumnSchema } from '../../record/batch.ts';
import { type AnalysisColumn, column, freeName, isNumber } from '../column.ts';
import { columnName, columnNames, datasetName } from '../column-parameters.ts';
import { defineOperation, identityOf, inputColumn } from '../operation.ts';
import { integer, listOf, objectOf, oneOf } from '../parameter.ts';

const pair = objectOf(
  {
    left: columnName('key', 'A column of the dataset.'),
    right: columnName('key', 'The column of the other one that must be equal.', 'others'),
  },
  'Two columns that must be equal.',
);

/**
 * The rows of two datasets whose columns are equal; null equals nothing. `inner` leaves out rows without a partner, `left` keeps
 * those of the first dataset, with nulls. Rows come in order of the first dataset's id, then of the second's. A
 * column of the second dataset whose name is taken gets `_2`, `_3`, …
 */
export const join = defineOperation({
  description: 'Rows of two datasets put together where columns are equal.',
  otherDataset: 'with',
  parameters: {
    with: datasetName('The second dataset.'),
    on: listOf(pair, 'What must be equal.', { most: 16 }),
    how: oneOf(['inner', 'left'], 'What becomes of rows without a partner.', 'inner'),
    columns: columnNames('any', 'Columns of the first dataset; all properties where it is left out.', {
      fallback: 'all',
    }),
    other_columns: columnNames('any', 'Columns of the second; all properties where it is left out.', {
      fallback: 'all',
      side: 'others',
    }),
    limit: integer('Rows at most.', { least: 1, most: 10_000_000, fallback: 100_000 }),
  },
  reads: ({ on, columns: shown }, { columns }) => [...shown, ...on.map(({ left }) => left), ...identityOf(columns)],
  readsOther: ({ on, other_columns }, { others }) => [
    ...other_columns,
    ...on.map(({ right }) => right),
    ...identityOf(others),
  ],
  check: ({ on }, { columns, others }, faults) => {
    on.forEach(({ left, right }, index) => {
      const a = inputColumn(columns, left).dbType;
      const b = inputColumn(others, right).dbType;
      if (a.name === b.name || (isNumber(a) && isNumber(b))) return;
      faults.add(
        `/parameters/on/${index}`,
        `${left} is ${formatDbType(a)} and ${right} is ${formatDbType(b)}, which are never equal.`,
      );
    });
  },
  columns: ({ columns: shown, other_columns, how }, { columns, others }) => {
    const taken = new Set(shown);
    return [
      ...shown.map((name) => shownColumn(columns, name, name, false)),
      ...other_columns.map((name) => shownColumn(others, name, freeName(name, taken), how === 'left')),
    ];
  },
});

function shownColumn(columns: readonly AnalysisColumn[], name: string, as: string, mayLack: boolean): ColumnSchema {
  const { dbType, nullable } = inputColumn(columns, name);
  return column(as, dbType, nullable || mayLack);
}
