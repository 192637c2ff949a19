import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { PlannedStep } from '#domain/dataset/evolution.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { breaksRules, dependsOnRows, settledBy, violationsOfAdding } from '../shared/settle-steps.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { currentTable, propertyColumn } from './sqlite-layout.ts';
import { decoderOf, type SqliteValue } from './sqlite-values.ts';

/** Looks at the rows where a step depends on them. */
export function settleStep(
  connection: SqliteConnection,
  stored: Dataset,
  planned: PlannedStep,
  compilePattern: CompilePattern,
): PlannedStep {
  if (!dependsOnRows(planned)) return planned;
  return settledBy(planned, countViolations(connection, stored, planned, compilePattern));
}

function countViolations(
  connection: SqliteConnection,
  stored: Dataset,
  { step }: PlannedStep,
  compilePattern: CompilePattern,
): number {
  const table = currentTable(stored);
  const number = (sql: string) => Number(connection.row(sql)?.[0] ?? 0);
  switch (step.kind) {
    case 'tighten-rules':
      return countBroken(connection, stored, step.property, compilePattern);
    case 'add-unique': {
      const column = propertyColumn(step.property);
      return number(`SELECT count(${column}) - count(DISTINCT ${column}) FROM ${table}`);
    }
    case 'add-property':
      return violationsOfAdding(step.property, number(`SELECT count(*) FROM ${table}`));
    default:
      return 0;
  }
}

/** Asks the rules of the new property of every value of the old one. */
function countBroken(
  connection: SqliteConnection,
  stored: Dataset,
  property: Property,
  compilePattern: CompilePattern,
): number {
  const former = stored.properties.find(({ name }) => name === property.name);
  if (former === undefined) return 0;
  const isBroken = breaksRules(former, property, compilePattern);
  const decode = decoderOf(former.dbType);
  const sql = `SELECT ${propertyColumn(former)}, count(*) FROM ${currentTable(stored)} GROUP BY 1`;
  let broken = 0;
  for (const [value, rows] of connection.prepare(sql).iterate() as unknown as Iterable<SqliteValue[]>) {
    if (isBroken(decode(value ?? null))) broken += Number(rows);
  }
  return broken;
}
