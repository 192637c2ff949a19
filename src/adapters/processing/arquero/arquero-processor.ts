import type { Processor } from '#application/ports/processor.ts';
import { LibraryProcessor } from '../worker/library-processor.ts';

const LACKS = {
  sample: 'has no hash that chooses the same rows as the others',
  regression: 'has no least squares of several columns',
  forecast: 'has no exponential smoothing',
} as const;

/** Arquero in threads of its own, each with so much memory for its JavaScript. */
export function openArqueroProcessor({
  threads,
  heapMegabytes,
}: {
  readonly threads: number;
  readonly heapMegabytes: number;
}): Promise<Processor> {
  const worker = new URL('./arquero-worker.ts', import.meta.url);
  return LibraryProcessor.open({ name: 'arquero', worker, lacks: LACKS, threads, heapMegabytes });
}
