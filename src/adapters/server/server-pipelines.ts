import { NEVER } from '#application/call.ts';
import type { PipelineFile } from '#application/ports/pipeline-files.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
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

  /** @param options.window of a backfill, whose state is asked for then */
  work(
    pipeline: string,
    { window = null, signal = NEVER }: { readonly window?: BackfillWindow | null; readonly signal?: AbortSignal } = {},
  ): Promise<PipelineWork> {
    return this.#server.json({ method: 'GET', path: `${pathOf(pipeline)}${queryOf(window)}`, signal });
  }

  /** As `BatchStore.take`. */
  async take(
    pipeline: string,
    { window, ...asked }: { readonly holder: string; readonly caller: string; readonly window: BackfillWindow | null },
  ): Promise<PipelineState> {
    const { state } = await this.#server.json<{ readonly state: PipelineState }>({
      method: 'POST',
      path: `${pathOf(pipeline)}/take${queryOf(window)}`,
      headers: { 'content-type': 'application/json' },
      body: () => JSON.stringify(asked),
      signal: NEVER,
    });
    return state;
  }
}

function pathOf(pipeline: string): string {
  return `/worker/pipelines/${encodeURIComponent(pipeline)}`;
}

function queryOf(window: BackfillWindow | null): string {
  return window === null ? '' : `?${new URLSearchParams({ ...window })}`;
}
