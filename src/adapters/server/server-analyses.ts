import { NEVER } from '#application/call.ts';
import type { Analyses, AnalysisCall, AnalysisQuestion, DatasetStanding } from '#application/ports/analyses.ts';
import { DataForgeError } from '#domain/errors.ts';
import { JsonNumber, JsonObject, writeJson } from '#domain/record/json.ts';
import { bytesOf, type ServerClient } from './server-client.ts';

const ARROW = 'application/vnd.apache.arrow.stream';
const ANALYSIS = '/analysis';
/** How long one request waits for the end of an analysis before it is asked for again, in milliseconds. */
const WAIT = 20_000;

/** How an analysis stands, as the server tells it. */
interface AnalysisJob {
  readonly id: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
}

/** The analyses of a server elsewhere, over the road that every client takes. */
export class ServerAnalyses implements Analyses {
  readonly #server: ServerClient;

  constructor(server: ServerClient) {
    this.#server = server;
  }

  standing(datasets: readonly string[], since: number | null, { signal }: AnalysisCall): Promise<DatasetStanding> {
    const query = new URLSearchParams({
      datasets: JSON.stringify(datasets),
      ...(since !== null && { since: `${since}` }),
    });
    return this.#server.json({ method: 'GET', path: `/worker/standing?${query}`, signal });
  }

  async compute(question: AnalysisQuestion, { signal }: AnalysisCall): Promise<AsyncIterable<Uint8Array>> {
    const answer = await this.#server.open({
      method: 'POST',
      path: ANALYSIS,
      headers: { accept: ARROW, 'content-type': 'application/json' },
      body: () => bodyOf(question),
      signal,
    });
    if (answer.status === 200) return bytesOf(answer, signal);
    const { id } = (await answer.json()) as AnalysisJob;
    try {
      await this.#ended(id, signal);
      const path = `${ANALYSIS}/${id}/result`;
      return bytesOf(await this.#server.open({ method: 'GET', path, headers: { accept: ARROW }, signal }), signal);
    } catch (error) {
      if (signal.aborted) await this.#cancel(id);
      throw error instanceof DataForgeError && error.code === 'unknown_analysis' ? lost(error) : error;
    }
  }

  async #ended(id: string, signal: AbortSignal): Promise<void> {
    const path = `${ANALYSIS}/${id}?wait_ms=${WAIT}`;
    for (;;) {
      const { state } = await this.#server.json<AnalysisJob>({ method: 'GET', path, signal });
      if (state !== 'queued' && state !== 'running') return;
    }
  }

  async #cancel(id: string): Promise<void> {
    const path = `${ANALYSIS}/${id}`;
    await this.#server.json({ method: 'DELETE', path, signal: NEVER }).catch(() => {});
  }
}

function bodyOf({ dataset, operation, parameters, filters }: AnalysisQuestion): string {
  const members = { dataset_id: dataset, operation, parameters, filters, wait_ms: new JsonNumber('0') };
  return writeJson(new JsonObject(Object.entries(members).map(([name, value]) => ({ name, value }))));
}

/** The server has been restarted, or had no place for the result any more. */
function lost(cause: unknown): DataForgeError {
  const message = 'The result of the analysis was lost before it was stored.';
  return new DataForgeError('source_failed', message, { cause, retryable: true });
}
