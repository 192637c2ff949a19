import type { Processor } from '#application/ports/processor.ts';
import { DataForgeError } from '#domain/errors.ts';
import { LibraryProcessor } from '../worker/library-processor.ts';

const LACKS = {
  sample: 'has no hash that chooses the same rows as the others',
  regression: 'has no least squares',
  forecast: 'has no exponential smoothing of a trend or a season',
} as const;

/**
 * Polars in threads of its own. Its memory is not JavaScript's: what it may take is bounded by what it is given.
 * @throws DataForgeError `invalid_configuration` where its binary is not installed
 */
export async function openPolarsProcessor({ threads }: { readonly threads: number }): Promise<Processor> {
  try {
    return await LibraryProcessor.open({
      name: 'polars',
      worker: new URL('./polars-worker.ts', import.meta.url),
      lacks: LACKS,
      threads,
      heapMegabytes: null,
    });
  } catch (error) {
    throw new DataForgeError(
      'invalid_configuration',
      'DATA_PROCESSOR_ENGINE is polars, and nodejs-polars or its binary for this machine is not installed; run "npm install nodejs-polars", or set DATA_PROCESSOR_ENGINE to duckdb.',
      { cause: error },
    );
  }
}
