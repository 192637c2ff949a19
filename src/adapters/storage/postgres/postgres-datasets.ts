import type { DatasetStore } from '#application/ports/dataset-store.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { type EvolutionPlan, planEvolution } from '#domain/dataset/evolution.ts';
import { refuseLoss } from '../shared/settle-steps.ts';
import { settleSteps } from './postgres-check-step.ts';
import type { CommitEnd, OpenCommit } from './postgres-commits.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { datasetsIn, definitionOf, evolve } from './postgres-evolve.ts';
import { waitForLoads } from './postgres-far-rows.ts';
import { lockSchema } from './postgres-open.ts';
import type { PostgresStore } from './postgres-store.ts';

/** How long to wait for those who read a dataset, or load into it, before its tables are left as they are; they come first. */
const READERS_WAIT_MS = 10_000;

/** Datasets and their tables. A dataset's description is kept as JSON text beside its tables. */
export class PostgresDatasets implements DatasetStore {
  readonly #store: PostgresStore;

  constructor(store: PostgresStore) {
    this.#store = store;
  }

  list(): Promise<readonly Dataset[]> {
    return this.#store.reads.use(null, datasetsIn);
  }

  plan(dataset: Dataset): Promise<EvolutionPlan> {
    const { reads, compilePattern } = this.#store;
    return reads.use(null, (connection) =>
      connection.snapshot(async () => {
        const plan = await planIn(connection, dataset);
        return { ...plan, steps: await settleSteps(connection, onlyChecks(plan), compilePattern) };
      }),
    );
  }

  /** Where another instance was quicker, what is left to be done is planned anew. */
  async apply(plan: EvolutionPlan, { acceptLoss }: { readonly acceptLoss: boolean }): Promise<void> {
    refuseLoss(plan, acceptLoss);
    if (plan.steps.length === 0) return;
    const { commits } = this.#store;
    await commits.pool.use(null, async (connection) => {
      await connection.batch(['BEGIN', `SET LOCAL lock_timeout TO ${READERS_WAIT_MS}`]);
      await lockSchema(connection);
      await waitForLoads(connection, plan.dataset);
      await commits.commitIn(connection, (commit) => this.#change(commit, plan, acceptLoss));
    });
  }

  async #change({ connection, stamp }: OpenCommit, plan: EvolutionPlan, acceptLoss: boolean): Promise<CommitEnd> {
    const now = await planIn(connection, plan.dataset);
    const isSame = now.stored === plan.stored || sameDefinition(now.stored, plan.stored);
    if (!isSame) refuseLoss(now, acceptLoss);
    if (now.steps.length > 0) await evolve(connection, isSame ? plan : now, this.#store);
    return { nextSeq: stamp.firstSeq, datasets: [] };
  }
}

async function planIn(connection: PostgresConnection, dataset: Dataset): Promise<EvolutionPlan> {
  const stored = (await datasetsIn(connection)).find(({ name }) => name === dataset.name) ?? null;
  return planEvolution(stored, dataset);
}

/** A plan of which nothing has to be looked at is as it is. */
function onlyChecks(plan: EvolutionPlan): EvolutionPlan {
  return plan.steps.some(({ safety }) => safety === 'check') ? plan : { ...plan, stored: null };
}

function sameDefinition(a: Dataset | null, b: Dataset | null): boolean {
  return a !== null && b !== null && definitionOf(a) === definitionOf(b);
}
