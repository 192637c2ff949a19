import type { Pipeline } from '#domain/pipeline/pipeline.ts';
import type { AlertEvent } from '#domain/pipeline/policies.ts';
import type { PipelineRun, RunState } from '#domain/pipeline/run.ts';
import type { RunHistory } from '../ports/run-history.ts';
import type { Web } from '../ports/web.ts';

interface AlertPorts {
  readonly web: Web;
  readonly history: RunHistory;
}

const TIMEOUT = 10_000;
const RUNS_LOOKED_AT = 20;
const OUTCOMES: readonly RunState[] = ['succeeded', 'failed'];

/** Tells those who want to know how a run has ended; what cannot be told is lost and holds nobody up. */
export async function sendAlerts({ web, history }: AlertPorts, run: PipelineRun, pipeline: Pipeline): Promise<void> {
  if (pipeline.alerts.length === 0) return;
  const events = eventsOf(run, await lastOutcome(history, run));
  for (const { webhook, on } of pipeline.alerts) {
    for (const event of events.filter((candidate) => on.includes(candidate))) {
      const { id, state, error, counts } = run;
      const body = JSON.stringify({
        event,
        pipeline: pipeline.name,
        dataset: run.dataset,
        run: id,
        state,
        error,
        counts,
      });
      const headers = { 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(TIMEOUT);
      await web.fetch(new URL(webhook), { method: 'POST', headers, body, signal }).then(
        (response) => response.body?.cancel(),
        () => {},
      );
    }
  }
}

/** How the last run before has ended that succeeded or failed: one that was cancelled says nothing of the source. */
async function lastOutcome(history: RunHistory, run: PipelineRun): Promise<RunState | null> {
  const runs = await history.list(run.pipeline, RUNS_LOOKED_AT);
  const isBefore = ({ id, window }: PipelineRun) => id !== run.id && !window === !run.window;
  const found = runs.find((candidate) => isBefore(candidate) && OUTCOMES.includes(candidate.state));
  return found?.state ?? null;
}

function eventsOf(run: PipelineRun, before: RunState | null): AlertEvent[] {
  const events: AlertEvent[] = [];
  if (run.state === 'failed') events.push('failed');
  if (run.state === 'succeeded' && before === 'failed') events.push('recovered');
  if (run.counts.rejected > 0) events.push('quarantined');
  return events;
}
