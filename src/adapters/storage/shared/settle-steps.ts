import { convertValue } from '#domain/dataset/compare-rules.ts';
import type { Property } from '#domain/dataset/dataset.ts';
import { sameDbType } from '#domain/dataset/db-type.ts';
import { type EvolutionPlan, type PlannedStep, refusedSteps } from '#domain/dataset/evolution.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { compileRules } from '#domain/record/property-rules.ts';
import type { Value } from '#domain/record/value.ts';

/** Whether what becomes of a step depends on the rows there are; also where it was settled when other rows were there. */
export function dependsOnRows({ step, safety }: PlannedStep): boolean {
  if (safety === 'refused') return false;
  if (step.kind !== 'add-property') return step.kind === 'tighten-rules' || step.kind === 'add-unique';
  const { default: preset, required, unique } = step.property;
  return preset === null ? required : unique;
}

/** A step that so many rows are in the way of: safe where there are none, else refused with their number. */
export function settledBy(planned: PlannedStep, violations: number): PlannedStep {
  if (violations === 0) return { ...planned, safety: 'safe' };
  const reason = `${planned.reason} ${violations} of the stored rows do not meet it.`;
  return { ...planned, safety: 'refused', reason };
}

/** How many of so many rows are in the way of a new property. */
export function violationsOfAdding(property: Property, rows: number): number {
  return property.default === null ? rows : Math.max(0, rows - 1);
}

/** Whether a value of a former property breaks the rules of the new one. */
export function breaksRules(
  former: Property,
  property: Property,
  compilePattern: CompilePattern,
): (value: Value) => boolean {
  const check = compileRules(property, compilePattern);
  return (value) => check(convertValue(former.dbType, property.dbType, value)) !== null;
}

/** @throws DataForgeError `incompatible_schema` where a step would lose values and that is not accepted */
export function refuseLoss(plan: EvolutionPlan, acceptLoss: boolean): void {
  const losing = refusedSteps(plan).filter(({ loses }) => loses);
  if (losing.length === 0 || acceptLoss) return;
  const reasons = losing.map(({ reason }) => reason).join(' ');
  throw incompatible(`${reasons} Say --accept-loss to do it all the same.`);
}

/**
 * A step that was refused when it was planned was wanted all the same; rows may have come since that do not fit another.
 * @throws DataForgeError `incompatible_schema`
 */
export function refuseMisfits(planned: readonly PlannedStep[], settled: readonly PlannedStep[]): void {
  const misfit = settled.find(({ safety }, index) => safety === 'refused' && planned[index]?.safety !== 'refused');
  if (misfit !== undefined) throw incompatible(misfit.reason);
}

/** Properties that may hold no null and did not have to before, or in which a change of type may have left some. */
export function newlyRequired({ stored, dataset }: EvolutionPlan): readonly Property[] {
  const must = (property: Property) => property.required || property.primaryKey;
  const former = new Map(stored?.properties.map((property) => [property.name, property]));
  return dataset.properties.filter((property) => {
    const before = former.get(property.name);
    return must(property) && !(before && must(before) && sameDbType(before.dbType, property.dbType));
  });
}

/** @throws DataForgeError `incompatible_schema` where so many rows have no value of a property that is required */
export function refuseNulls({ dataset }: EvolutionPlan, property: Property, rows: number): void {
  if (rows === 0) return;
  const what = `"${property.name}" is required, and ${rows} of them would have no value there`;
  throw incompatible(`Rows of "${dataset.name}" do not fit: ${what}.`);
}

/** Where a key or a unique property was wanted all the same. */
export function repeatedKey(name: string): DataForgeError {
  return incompatible(`Rows of "${name}" do not fit: several have the same values of a key.`);
}

function incompatible(message: string): DataForgeError {
  return new DataForgeError('incompatible_schema', message);
}
