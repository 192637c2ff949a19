import { convertValue } from '#domain/dataset/compare-rules.ts';
import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { EvolutionPlan, EvolutionStep, PlannedStep } from '#domain/dataset/evolution.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { compileRules } from '#domain/record/property-rules.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { currentTable, propertyColumn } from './postgres-layout.ts';
import { decoderOf } from './postgres-values.ts';

/** Steps that may have been settled when other rows were there. */
const DEPENDS_ON_ROWS: readonly EvolutionStep['kind'][] = ['tighten-rules', 'add-unique'];

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
  if (planned.safety === 'refused') return planned;
  if (planned.safety === 'safe' && !DEPENDS_ON_ROWS.includes(planned.step.kind)) return planned;
  const violations = await countViolations(connection, stored, planned, compilePattern);
  if (violations === 0) return { ...planned, safety: 'safe' };
  return {
    ...planned,
    safety: 'refused',
    reason: `${planned.reason} ${violations} of the stored rows do not meet it.`,
  };
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
    case 'add-property': {
      const rows = await number(`SELECT count(*) FROM ${table}`);
      return step.property.default === null ? rows : Math.max(0, rows - 1);
    }
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
  const check = compileRules(property, compilePattern);
  const decode = decoderOf(former.dbType);
  const sql = `SELECT ${propertyColumn(former)}, count(*) FROM ${currentTable(stored)} GROUP BY 1`;
  let broken = 0;
  for await (const rows of connection.blocks(sql, [], BLOCK_ROWS)) {
    for (const [value, count] of rows) {
      const converted = convertValue(former.dbType, property.dbType, decode(value ?? null));
      if (check(converted) !== null) broken += Number(count);
    }
  }
  return broken;
}
