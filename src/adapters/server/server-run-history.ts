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
    const { signal } = new AbortController();
    await this.#server.json({
      method: 'PUT',
      path: `/worker/runs/${encodeURIComponent(run.id)}`,
      headers: { 'content-type': 'application/json' },
      body: () => JSON.stringify(run),
      signal,
    });
  }

  async get(id: string): Promise<PipelineRun | null> {
    const { signal } = new AbortController();
    const path = `/worker/runs/${encodeURIComponent(id)}`;
    return (await this.#server.json<{ run: PipelineRun | null }>({ method: 'GET', path, signal })).run;
  }

  /** Workers look at one run. */
  async list(): Promise<readonly PipelineRun[]> {
    return [];
  }
}
