import type { DatasetStore } from '#application/ports/dataset-store.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { datasetFromDescription, describeDataset } from '#domain/dataset/describe-dataset.ts';
import { type EvolutionPlan, type PlannedStep, planEvolution, refusedSteps } from '#domain/dataset/evolution.ts';
import { DataForgeError } from '#domain/errors.ts';
import { parseJson, writeJson } from '#domain/record/json.ts';
import { evolveTables } from './duckdb-evolve.ts';
import { createIndex, createTables, currentTable, indexesOf, propertyColumn } from './duckdb-layout.ts';
import { ruleConditions } from './duckdb-rules.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import type { DuckDbStore } from './duckdb-store.ts';

/** Datasets and their tables. A dataset's description is kept as JSON text beside its tables. */
export class DuckDbDatasets implements DatasetStore {
  readonly #store: DuckDbStore;

  constructor(store: DuckDbStore) {
    this.#store = store;
  }

  list(): Promise<readonly Dataset[]> {
    return datasetsIn(this.#store);
  }

  async plan(dataset: Dataset): Promise<EvolutionPlan> {
    const stored = (await this.list()).find(({ name }) => name === dataset.name) ?? null;
    const plan = planEvolution(stored, dataset);
    const steps: PlannedStep[] = [];
    for (const step of plan.steps)
      steps.push(step.safety === 'check' && stored ? await this.#check(stored, step) : step);
    return { ...plan, steps };
  }

  async apply(plan: EvolutionPlan, { acceptLoss }: { readonly acceptLoss: boolean }): Promise<void> {
    const losing = refusedSteps(plan).filter(({ loses }) => loses);
    if (losing.length > 0 && !acceptLoss) {
      const reasons = losing.map(({ reason }) => reason).join(' ');
      throw new DataForgeError('incompatible_schema', `${reasons} Say --accept-loss to do it all the same.`);
    }
    if (plan.steps.length === 0) return;
    const { writer, commitLock, locatorIndexes } = this.#store;
    await commitLock.hold(async () => {
      if (plan.stored === null) {
        await writer.transaction(() => this.#create(plan.dataset));
      } else {
        await locatorIndexes.drop(plan.stored);
        await evolveTables(writer, plan.stored, plan, () => this.#describe(plan.dataset));
      }
    });
  }

  async #create(dataset: Dataset): Promise<void> {
    const { writer } = this.#store;
    for (const sql of createTables(dataset)) await writer.execute(sql);
    for (const index of indexesOf(dataset)) await writer.execute(createIndex(dataset, index));
    await this.#describe(dataset);
  }

  async #describe(dataset: Dataset): Promise<void> {
    const { writer } = this.#store;
    await writer.run('DELETE FROM forge.datasets WHERE name = $1', [dataset.name]);
    const definition = writeJson(describeDataset(dataset));
    await writer.run('INSERT INTO forge.datasets VALUES ($1, $2)', [dataset.name, definition]);
  }

  /** Looks at the rows: a step that they all meet is safe, another is refused with their number. */
  async #check(stored: Dataset, planned: PlannedStep): Promise<PlannedStep> {
    const sql = violationsSql(stored, planned);
    if (sql === null) return planned;
    const [row] = await this.#store.withSession((session) => session.rows(sql));
    const violations = Number(row?.[0]);
    return violations === 0
      ? { ...planned, safety: 'safe' }
      : { ...planned, safety: 'refused', reason: `${planned.reason} ${violations} of the stored rows do not meet it.` };
  }
}

/** Every dataset that has tables, as it was last applied. */
export function datasetsIn(store: DuckDbStore): Promise<Dataset[]> {
  return store.withSession(datasetsOf);
}

/** The same on a session of the caller's. */
export async function datasetsOf(session: DuckDbSession): Promise<Dataset[]> {
  const rows = await session.rows('SELECT definition FROM forge.datasets ORDER BY name');
  return rows.map(([definition]) => datasetFromDescription(parseJson(String(definition))));
}

/** Counts the rows in the way of a step; null where the step is not about rows. */
function violationsSql(stored: Dataset, { step }: PlannedStep): string | null {
  const table = currentTable(stored);
  if (step.kind === 'tighten-rules') {
    const conditions = ruleConditions(step.property, propertyColumn(step.property));
    return conditions.length === 0 ? null : `SELECT count(*) FROM ${table} WHERE NOT (${conditions.join(' AND ')})`;
  }
  if (step.kind === 'add-unique') {
    const column = propertyColumn(step.property);
    return `SELECT count(${column}) - count(DISTINCT ${column}) FROM ${table}`;
  }
  return null;
}
