import type { RunStages } from '#domain/run/run-record.ts';
import type { SourceBatch, SourceRows } from '../ports/source.ts';

const STAGES = ['source', 'transform', 'write'] as const;
type Stage = (typeof STAGES)[number];

/**
 * Where the time of a run of a pipeline goes. Rows are drawn through the run by the store, so that one stage works
 * within another: the time of a stage is without that in which it waited for one before it. What a source reads ahead
 * while the store works is nobody's time.
 */
export class StageTimes {
  readonly #spent: Record<Stage, number>;

  /** @param spent in the part of the run that another worker has carried out, in milliseconds */
  constructor(spent: RunStages = {}) {
    this.#spent = { source: spent.source ?? 0, transform: spent.transform ?? 0, write: spent.write ?? 0 };
  }

  get stages(): RunStages {
    return { ...this.#spent };
  }

  async time<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const before = this.#spentBefore(stage);
    const begun = performance.now();
    try {
      return await work();
    } finally {
      const waited = this.#spentBefore(stage) - before;
      this.#spent[stage] += Math.max(0, performance.now() - begun - waited);
    }
  }

  /** The same rows; waiting for them counts as time of the stage. */
  rows(stage: Stage, { format, body }: SourceRows): SourceRows {
    return { format, body: this.items(stage, body) };
  }

  /** The same batches of a source; waiting for them, and for their rows, is its time. */
  async *batches(batches: AsyncIterable<SourceBatch>): AsyncGenerator<SourceBatch> {
    for await (const batch of this.items('source', batches)) {
      const { rows } = batch;
      yield {
        rows: rows && this.rows('source', rows),
        cursor: () => batch.cursor(),
        part: () => batch.part?.() ?? null,
      };
    }
  }

  async *items<T>(stage: Stage, items: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = items[Symbol.asyncIterator]();
    let isWhole = false;
    try {
      for (;;) {
        const next = await this.time(stage, () => iterator.next());
        if (next.done) break;
        yield next.value;
      }
      isWhole = true;
    } finally {
      if (!isWhole) await iterator.return?.();
    }
  }

  /** Of the stages that this one draws from. */
  #spentBefore(stage: Stage): number {
    return STAGES.slice(0, STAGES.indexOf(stage)).reduce((sum, each) => sum + this.#spent[each], 0);
  }
}
