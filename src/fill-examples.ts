import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ExampleLoad, openExample, readExampleManifest } from '#adapters/described-files/example-manifest.ts';
import { systemCall } from '#application/call.ts';
import { DataForgeError } from '#domain/errors.ts';
import { formatCount, formatTime, Progress } from '#presentation/cli/progress.ts';
import type { App } from './app.ts';

/** Where progress is shown: a bar on a terminal, plain lines elsewhere. */
type Sink = ConstructorParameters<typeof Progress>[0];

/**
 * Fills the datasets of the example instance that never held a record, one after another, while the server answers.
 * Each is one commit, so that one that was broken off is begun again at the next start.
 */
export async function fillExamples(app: App, signal: AbortSignal, sink: Sink): Promise<void> {
  for (const load of await readExampleManifest(dirname(app.config.datasetsDir))) {
    if (signal.aborted) return;
    try {
      await fillOne(app, load, signal, sink);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof DataForgeError ? error.message : String(error);
      app.logger.warn({ err: error }, `The example ${load.dataset} was not loaded: ${reason}`);
    }
  }
}

async function fillOne({ useCases, logger }: App, load: ExampleLoad, signal: AbortSignal, sink: Sink): Promise<void> {
  const asked = { schema: load.dataset, since: 0, limit: 1, latest: false, wait: null };
  const { changes } = await useCases.readChanges(asked, systemCall(signal));
  if (changes.length > 0) return;
  const started = performance.now();
  const total = (await stat(load.path)).size;
  const progress = new Progress(sink?.isTTY ? sink : null, { label: load.dataset, total, unit: 'bytes' });
  const body = watched(load, progress);
  const request = { schema: load.dataset, format: load.format, body, onInvalid: null, onConflict: null, once: null };
  const { result } = await useCases.loadRecords(request, systemCall(signal)).finally(() => progress.stop());
  progress.rows(result?.created ?? 0);
  progress.finish();
  const seconds = (performance.now() - started) / 1000;
  if (!sink?.isTTY)
    logger.info(`Loaded ${formatCount(result?.created ?? 0)} ${load.dataset} in ${formatTime(seconds)}`);
}

async function* watched(load: ExampleLoad, progress: Progress): AsyncGenerator<Uint8Array> {
  for await (const chunk of openExample(load)) {
    progress.advance(chunk.length);
    yield chunk;
  }
}
