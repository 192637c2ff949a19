import type { PipelineFile } from '#application/ports/pipeline-files.ts';
import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { ServerClient } from './server-client.ts';

/** What a worker needs to begin. */
export interface PipelineWork {
  readonly file: PipelineFile | null;
  readonly state: PipelineState | null;
  /** Where the server listens with Arrow Flight, as `grpc://HOST:PORT` or `grpc+tls://HOST:PORT`; null: nowhere. */
  readonly flight: string | null;
}

/** The pipelines of a server elsewhere. */
export class ServerPipelines {
  readonly #server: ServerClient;

  constructor(server: ServerClient) {
    this.#server = server;
  }

  work(pipeline: string, signal = new AbortController().signal): Promise<PipelineWork> {
    return this.#server.json({ method: 'GET', path: pathOf(pipeline), signal });
  }

  /** As `BatchStore.take`. */
  async take(pipeline: string, holder: string, caller: string): Promise<PipelineState> {
    const { signal } = new AbortController();
    const { state } = await this.#server.json<{ readonly state: PipelineState }>({
      method: 'POST',
      path: `${pathOf(pipeline)}/take`,
      headers: { 'content-type': 'application/json' },
      body: () => JSON.stringify({ holder, caller }),
      signal,
    });
    return state;
  }
}

function pathOf(pipeline: string): string {
  return `/worker/pipelines/${encodeURIComponent(pipeline)}`;
}
