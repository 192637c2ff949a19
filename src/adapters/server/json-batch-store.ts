import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BatchStore, StoreBatchRequest, StoredBatch } from '#application/ports/batch-store.ts';
import type { BulkFormat } from '#application/ports/bulk-loader.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { RowPipeline } from '#domain/pipeline/pipeline.ts';
import type { PipelineState } from '#domain/pipeline/pipeline-state.ts';
import type { ServerClient } from './server-client.ts';
import { ServerPipelines } from './server-pipelines.ts';

const TYPES: Readonly<Record<BulkFormat, string>> = {
  ndjson: 'application/x-ndjson',
  json: 'application/json',
  csv: 'text/csv',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
};

/**
 * The store of a server elsewhere, over the road of its uploads. A batch is written to a file first: its cursor is known only
 * when it was read to its end, and it may have to be sent again.
 */
export class JsonBatchStore implements BatchStore {
  readonly #server: ServerClient;
  readonly #pipelines: ServerPipelines;

  constructor(server: ServerClient) {
    this.#server = server;
    this.#pipelines = new ServerPipelines(server);
  }

  async state(name: string, window: BackfillWindow | null = null): Promise<PipelineState | null> {
    return (await this.#pipelines.work(name, { window })).state;
  }

  take(
    { name }: RowPipeline,
    holder: string,
    caller: string,
    window: BackfillWindow | null = null,
  ): Promise<PipelineState> {
    return this.#pipelines.take(name, { holder, caller, window });
  }

  async store(request: StoreBatchRequest): Promise<StoredBatch> {
    const { rows, signal } = request;
    const folder = rows === null ? null : await mkdtemp(join(tmpdir(), 'data-forge-batch-'));
    try {
      const file = folder === null ? null : join(folder, 'rows');
      if (rows !== null && file !== null) {
        await pipeline(Readable.from(rows.body, { objectMode: false }), createWriteStream(file), { signal });
      }
      return await this.#send(request, file);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      if (folder !== null) await rm(folder, { recursive: true, force: true });
    }
  }

  async #send(request: StoreBatchRequest, file: string | null): Promise<StoredBatch> {
    const { pipeline: about, run, number, rows, cursor, caller, holder, window, traceParent, signal } = request;
    const query = new URLSearchParams({ run, holder, caller, ...window });
    const { state, repeated } = await this.#server.json<StoredBatch>({
      method: 'PUT',
      path: `/worker/pipelines/${encodeURIComponent(about.name)}/batches/${number}?${query}`,
      headers: {
        ...(traceParent && { traceparent: traceParent }),
        'forge-cursor': Buffer.from(JSON.stringify(cursor())).toString('base64url'),
        ...(rows === null ? {} : { 'content-type': TYPES[rows.format] }),
      },
      ...(file === null ? {} : { body: () => createReadStream(file, { highWaterMark: 256 * 1024 }) }),
      signal,
    });
    return { state, repeated };
  }
}
