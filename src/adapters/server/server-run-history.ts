import { NEVER } from '#application/call.ts';
import type { RunHistory } from '#application/ports/run-history.ts';
import type { PipelineRun } from '#domain/pipeline/run.ts';
import type { ServerClient } from './server-client.ts';

/** The runs that a server elsewhere remembers. */
export class ServerRunHistory implements RunHistory {
  readonly #server: ServerClient;

  constructor(server: ServerClient) {
    this.#server = server;
  }

  async put(run: PipelineRun): Promise<void> {
    await this.#server.json({
      method: 'PUT',
      path: `/worker/runs/${encodeURIComponent(run.id)}`,
      headers: { 'content-type': 'application/json' },
      body: () => JSON.stringify(run),
      signal: NEVER,
    });
  }

  async get(id: string): Promise<PipelineRun | null> {
    const path = `/worker/runs/${encodeURIComponent(id)}`;
    return (await this.#server.json<{ run: PipelineRun | null }>({ method: 'GET', path, signal: NEVER })).run;
  }

  async list(pipeline: string, limit: number): Promise<readonly PipelineRun[]> {
    const path = `/worker/pipelines/${encodeURIComponent(pipeline)}/runs?limit=${limit}`;
    return (await this.#server.json<{ runs: readonly PipelineRun[] }>({ method: 'GET', path, signal: NEVER })).runs;
  }
}
