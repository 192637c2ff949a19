import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { RunSurroundings } from '#domain/run/run-record.ts';
import type { RecordWriter } from '../ports/record-writer.ts';
import type { RunHistory } from '../ports/run-history.ts';
import { RECORDS_ORIGIN, recordChange } from '../runs/record-change.ts';
import { recordOfRun } from './record-of-run.ts';

const RUN = 'pipeline-run';
const RUNS = 'pipeline-runs';
const MOST_KEPT = 100;

interface TextMark {
  readonly kind: string;
  readonly key: string;
  readonly value: string;
}

/**
 * Run history in the marks of the store: a mark a run, and one with the ids of a pipeline's last runs. The record of the
 * run is put into the dataset of runs by the same commit, so that the two never differ.
 */
export class MarkedRunHistory implements RunHistory {
  readonly #writer: RecordWriter;
  readonly #surroundings: RunSurroundings;

  /** @param surroundings those of this process, which keeps the rows */
  constructor(writer: RecordWriter, surroundings: RunSurroundings) {
    this.#writer = writer;
    this.#surroundings = surroundings;
  }

  async put(run: PipelineRun): Promise<void> {
    const marks = await this.marksOf(run);
    const changes = [recordChange(recordOfRun(run, this.#surroundings))];
    const [outcome] = await this.#writer.commit([{ changes, marks, origin: RECORDS_ORIGIN }]);
    if (outcome?.ok === false) throw outcome.error;
  }

  /** The marks that keep a run, for a commit that it is kept with. */
  async marksOf(run: PipelineRun): Promise<readonly TextMark[]> {
    const ids = await this.#ids(run.pipeline);
    const mark = { kind: RUN, key: run.id, value: JSON.stringify(run) };
    if (ids.includes(run.id)) return [mark];
    const value = JSON.stringify([run.id, ...ids].slice(0, MOST_KEPT));
    return [mark, { kind: RUNS, key: run.pipeline, value }];
  }

  async get(id: string): Promise<PipelineRun | null> {
    const text = await this.#writer.readMark(RUN, id);
    return text === null ? null : (JSON.parse(text) as PipelineRun);
  }

  async list(pipeline: string, limit: number): Promise<readonly PipelineRun[]> {
    const ids = (await this.#ids(pipeline)).slice(0, limit);
    const runs = await Promise.all(ids.map((id) => this.get(id)));
    return runs.flatMap((run) => run ?? []);
  }

  async #ids(pipeline: string): Promise<readonly string[]> {
    return JSON.parse((await this.#writer.readMark(RUNS, pipeline)) ?? '[]') as string[];
  }
}
