import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { EvolutionPlan, PlannedStep } from '#domain/dataset/evolution.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { breaksRules, dependsOnRows, settledBy, violationsOfAdding } from '../shared/settle-steps.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { currentTable, propertyColumn } from './postgres-layout.ts';
import { decoderOf } from './postgres-values.ts';

const BLOCK_ROWS = 8192;

/** Looks at the rows: a step that depends on them and that they all meet is safe, another is refused with their number. */
export async function settleSteps(
  connection: PostgresConnection,
  { stored, steps }: EvolutionPlan,
  compilePattern: CompilePattern,
): Promise<PlannedStep[]> {
  const settled: PlannedStep[] = [];
  for (const planned of steps) {
    settled.push(stored === null ? planned : await settleStep(connection, stored, planned, compilePattern));
  }
  return settled;
}

async function settleStep(
  connection: PostgresConnection,
  stored: Dataset,
  planned: PlannedStep,
  compilePattern: CompilePattern,
): Promise<PlannedStep> {
  if (!dependsOnRows(planned)) return planned;
  return settledBy(planned, await countViolations(connection, stored, planned, compilePattern));
}

async function countViolations(
  connection: PostgresConnection,
  stored: Dataset,
  { step }: PlannedStep,
  compilePattern: CompilePattern,
): Promise<number> {
  const table = currentTable(stored);
  const number = async (sql: string) => Number((await connection.row(sql))?.[0] ?? 0);
  switch (step.kind) {
    case 'tighten-rules':
      return countBroken(connection, stored, step.property, compilePattern);
    case 'add-unique': {
      const column = propertyColumn(step.property);
      return number(`SELECT count(${column}) - count(DISTINCT ${column}) FROM ${table}`);
    }
    case 'add-property':
      return violationsOfAdding(step.property, await number(`SELECT count(*) FROM ${table}`));
    default:
      return 0;
  }
}

/** Asks the rules of the new property of every value of the old one. */
async function countBroken(
  connection: PostgresConnection,
  stored: Dataset,
  property: Property,
  compilePattern: CompilePattern,
): Promise<number> {
  const former = stored.properties.find(({ name }) => name === property.name);
  if (former === undefined) return 0;
  const isBroken = breaksRules(former, property, compilePattern);
  const decode = decoderOf(former.dbType);
  const sql = `SELECT ${propertyColumn(former)}, count(*) FROM ${currentTable(stored)} GROUP BY 1`;
  let broken = 0;
  for await (const rows of connection.blocks(sql, [], BLOCK_ROWS)) {
    for (const [value, count] of rows) {
      if (isBroken(decode(value ?? null))) broken += Number(count);
    }
  }
  return broken;
}
