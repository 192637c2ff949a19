import { compareTypes } from '#domain/dataset/compare-types.ts';
import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import { sameDbType } from '#domain/dataset/db-type.ts';
import type { PlannedStep } from '#domain/dataset/evolution.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { breaksRules, dependsOnRows, settledBy, violationsOfAdding } from '../shared/settle-steps.ts';
import { differentValues } from './duckdb-convert-values.ts';
import { columnType, currentTable, propertyColumn } from './duckdb-layout.ts';
import { ruleConditions } from './duckdb-rules.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** Looks at the rows where a step depends on them. */
export async function settleSteps(
  session: DuckDbSession,
  stored: Dataset,
  steps: readonly PlannedStep[],
  compilePattern: CompilePattern,
): Promise<PlannedStep[]> {
  const settled: PlannedStep[] = [];
  for (const planned of steps) {
    settled.push(
      dependsOnRows(planned)
        ? settledBy(planned, await countViolations(session, stored, planned, compilePattern))
        : planned,
    );
  }
  return settled;
}

async function countViolations(
  session: DuckDbSession,
  stored: Dataset,
  { step }: PlannedStep,
  compilePattern: CompilePattern,
): Promise<number> {
  const table = currentTable(stored);
  const number = async (sql: string) => Number((await session.rows(sql))[0]?.[0] ?? 0);
  switch (step.kind) {
    case 'tighten-rules':
      return countBroken(session, stored, step.property, compilePattern);
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

/** In the engine where the new type has every value as it is, else by each different value. */
async function countBroken(
  session: DuckDbSession,
  stored: Dataset,
  property: Property,
  compilePattern: CompilePattern,
): Promise<number> {
  const former = stored.properties.find(({ name }) => name === property.name);
  if (former === undefined) return 0;
  const table = currentTable(stored);
  if (sameDbType(former.dbType, property.dbType) || compareTypes(former.dbType, property.dbType) === 'wider') {
    const conditions = ruleConditions(property, `${propertyColumn(property)}::${columnType(property.dbType)}`);
    if (conditions.length === 0) return 0;
    const [row] = await session.rows(`SELECT count(*) FROM ${table} WHERE NOT (${conditions.join(' AND ')})`);
    return Number(row?.[0] ?? 0);
  }
  const isBroken = breaksRules(former, property, compilePattern);
  let broken = 0;
  for await (const values of differentValues(session, former, [table])) {
    for (const [value, rows] of values) if (isBroken(value)) broken += rows;
  }
  return broken;
}
