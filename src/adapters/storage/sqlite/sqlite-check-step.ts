import { convertValue } from '#domain/dataset/compare-rules.ts';
import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { EvolutionStep, PlannedStep } from '#domain/dataset/evolution.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { compileRules } from '#domain/record/property-rules.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { currentTable, propertyColumn } from './sqlite-layout.ts';
import { decoderOf, type SqliteValue } from './sqlite-values.ts';

/** Steps that may have been settled when other rows were there. */
const DEPENDS_ON_ROWS: readonly EvolutionStep['kind'][] = ['tighten-rules', 'add-unique'];

/** Looks at the rows: a step that depends on them and that they all meet is safe, another is refused with their number. */
export function settleStep(
  connection: SqliteConnection,
  stored: Dataset,
  planned: PlannedStep,
  compilePattern: CompilePattern,
): PlannedStep {
  if (planned.safety === 'refused') return planned;
  if (planned.safety === 'safe' && !DEPENDS_ON_ROWS.includes(planned.step.kind)) return planned;
  const violations = countViolations(connection, stored, planned, compilePattern);
  if (violations === 0) return { ...planned, safety: 'safe' };
  return {
    ...planned,
    safety: 'refused',
    reason: `${planned.reason} ${violations} of the stored rows do not meet it.`,
  };
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
    case 'add-property': {
      const rows = number(`SELECT count(*) FROM ${table}`);
      return step.property.default === null ? rows : Math.max(0, rows - 1);
    }
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
  const check = compileRules(property, compilePattern);
  const decode = decoderOf(former.dbType);
  const sql = `SELECT ${propertyColumn(former)}, count(*) FROM ${currentTable(stored)} GROUP BY 1`;
  let broken = 0;
  for (const [value, rows] of connection.prepare(sql).iterate() as unknown as Iterable<SqliteValue[]>) {
    const converted = convertValue(former.dbType, property.dbType, decode(value ?? null));
    if (check(converted) !== null) broken += Number(rows);
  }
  return broken;
}
