import type { Call } from '../call.ts';
import { Observation } from '../observe.ts';
import type { Analyses, AnalysisCall, AnalysisQuestion, DatasetStanding } from '../ports/analyses.ts';
import type { TableRenderer } from '../ports/table-renderer.ts';
import type { AnalysisRuns } from './analysis-runs.ts';
import type { AnalyseRequest, AnalyseResult } from './commands/analyse.ts';
import type { StandingRequest } from './queries/get-standing.ts';
import { renderResult } from './queries/read-analysis-result.ts';

export interface OwnAnalysesPorts {
  /** The use cases. */
  readonly analyse: (request: AnalyseRequest, call: Call) => Promise<AnalyseResult>;
  readonly getStanding: (request: StandingRequest, call: Call) => Promise<DatasetStanding>;
  readonly runs: AnalysisRuns;
  readonly renderer: TableRenderer;
}

/** The analyses of this process. */
export class OwnAnalyses implements Analyses {
  readonly #ports: OwnAnalysesPorts;

  constructor(ports: OwnAnalysesPorts) {
    this.#ports = ports;
  }

  standing(datasets: readonly string[], since: number | null, call: AnalysisCall): Promise<DatasetStanding> {
    return this.#ports.getStanding({ datasets, since }, callOf(call));
  }

  async compute(question: AnalysisQuestion, asked: AnalysisCall): Promise<AsyncIterable<Uint8Array>> {
    const { analyse, runs, renderer } = this.#ports;
    const { signal } = asked;
    const { run } = await analyse({ ...question, wait: 0 }, callOf(asked));
    try {
      if (run.endedAt === null) await runs.settled(run.id, null, signal);
    } catch (error) {
      await runs.cancel(run.id);
      throw error;
    }
    const { error, result } = run;
    if (error !== null) throw error;
    if (result === null) throw new TypeError('an analysis has ended with neither a result nor an error');
    return renderResult(renderer, result, 'arrow', signal);
  }
}

function callOf({ caller, signal }: AnalysisCall): Call {
  return { caller: { name: caller, right: 'read' }, signal, observation: new Observation() };
}
