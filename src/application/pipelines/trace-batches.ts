import type { Span, SpanFacts } from '#domain/run/trace.ts';
import type { BatchStore, StoreBatchRequest, StoredBatch } from '../ports/batch-store.ts';
import type { SourceRows } from '../ports/source.ts';
import type { StageTimes } from './stage-times.ts';

/** A batch of a run in a trace; what the source gives is a span of its own until it is there. */
export function traceSource(run: Span, batch: number): Span {
  return run.child('pipeline source', { 'data_forge.batch': batch });
}

/**
 * Stores a batch, as a span that says how much of its time was waiting for rows: they are drawn through source and transform
 * while they are written.
 */
export async function traceWrite(
  run: Span,
  times: StageTimes,
  store: BatchStore,
  request: StoreBatchRequest,
): Promise<StoredBatch> {
  const span = run.child('pipeline write', { 'data_forge.batch': request.number });
  const before = times.stages;
  let failure: unknown = null;
  try {
    return await times.time('write', () => store.store({ ...request, traceParent: span.traceParent }));
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    span.tell(spentSince(before, times.stages));
    span.end(failure);
  }
}

/** Transforms rows, as a span that ends when the last of them is taken. */
export async function traceTransform(run: Span, transform: () => Promise<SourceRows>): Promise<SourceRows> {
  const span = run.child('pipeline transform');
  try {
    const { format, body } = await transform();
    return { format, body: untilEnd(body, span) };
  } catch (error) {
    span.end(error);
    throw error;
  }
}

async function* untilEnd(body: AsyncIterable<Uint8Array>, span: Span): AsyncGenerator<Uint8Array> {
  let failure: unknown = null;
  try {
    yield* body;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    span.end(failure);
  }
}

function spentSince(before: StageTimes['stages'], after: StageTimes['stages']): SpanFacts {
  const spent = (stage: keyof StageTimes['stages']) => Math.round((after[stage] ?? 0) - (before[stage] ?? 0));
  return {
    'data_forge.source_ms': spent('source'),
    'data_forge.transform_ms': spent('transform'),
    'data_forge.write_ms': spent('write'),
  };
}
