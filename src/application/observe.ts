import { DataForgeError, type ErrorCode } from '#domain/errors.ts';
import type { TimePart, UseCaseRun } from '#domain/run/use-case-run.ts';
import type { Caller } from './caller.ts';
import type { Clock } from './ports/clock.ts';
import type { Telemetry } from './ports/telemetry.ts';

/** What is learnt of a request while it runs. Craft that waits or calls the engine writes into it; use cases do not. */
export class Observation {
  dataset: string | null = null;
  /** The processor that computed the answer; null where none did. */
  processor: string | null = null;
  /** The W3C `traceparent` of who asked; null where nobody traces. */
  traceParent: string | null = null;
  rows = 0;
  bytes = 0;
  /** Tells how the engine went about it, for the log of slow requests. */
  explain: (() => Promise<string | null>) | null = null;
  readonly parts: Record<TimePart, number> = { parse: 0, queue: 0, engine: 0, render: 0 };

  add(part: TimePart, milliseconds: number): void {
    this.parts[part] += milliseconds;
  }

  /** Runs `work` and adds its time to a part. */
  time<T>(part: TimePart, work: () => T): T {
    const started = performance.now();
    try {
      return work();
    } finally {
      this.parts[part] += performance.now() - started;
    }
  }

  async timeAsync<T>(part: TimePart, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      this.parts[part] += performance.now() - started;
    }
  }
}

interface ObservedCall {
  readonly caller: Caller;
  readonly observation: Observation;
}

/** The one `observe()` that goes round every use case whose promise is its end. */
export type Observe = <R, C extends ObservedCall, T>(
  name: string,
  useCase: (request: R, call: C) => Promise<T>,
) => (request: R, call: C) => Promise<T>;

export function createObserve(telemetry: Telemetry, clock: Clock): Observe {
  return (name, useCase) => async (request, call) => {
    const finish = begin(telemetry, clock, name, call);
    try {
      const result = await useCase(request, call);
      finish(null);
      return result;
    } catch (error) {
      finish(error);
      throw error;
    }
  };
}

/** The answer of a use case that goes on after its promise: bytes that are made while they are read. */
interface ByteStream {
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The same for a use case that answers with a stream: its end is the end of the bytes. */
export type ObserveStream = <R, C extends ObservedCall, T extends ByteStream>(
  name: string,
  useCase: (request: R, call: C) => Promise<T>,
) => (request: R, call: C) => Promise<T>;

export function createObserveStream(telemetry: Telemetry, clock: Clock): ObserveStream {
  return (name, useCase) => async (request, call) => {
    const finish = begin(telemetry, clock, name, call);
    try {
      const result = await useCase(request, call);
      return { ...result, bytes: observeItems(result.bytes, (block) => block.byteLength, call.observation, finish) };
    } catch (error) {
      finish(error);
      throw error;
    }
  };
}

/** The answer of a use case that goes on after its promise as blocks of columns. */
interface BatchStream<B> {
  readonly batches: AsyncIterable<B>;
}

/** The same for a use case that answers with batches: its end is the end of the last. */
export type ObserveBatches = <R, C extends ObservedCall, B, T extends BatchStream<B>>(
  name: string,
  useCase: (request: R, call: C) => Promise<T & BatchStream<B>>,
) => (request: R, call: C) => Promise<T & BatchStream<B>>;

export function createObserveBatches(telemetry: Telemetry, clock: Clock): ObserveBatches {
  return (name, useCase) => async (request, call) => {
    const finish = begin(telemetry, clock, name, call);
    try {
      const result = await useCase(request, call);
      return { ...result, batches: observeItems(result.batches, () => 0, call.observation, finish) };
    } catch (error) {
      finish(error);
      throw error;
    }
  };
}

/** The answer of a use case that is followed for as long as somebody likes. */
interface Feed<I> {
  readonly pages: AsyncIterable<I>;
}

/** The same for a feed. It waits most of its time, so it says itself when the engine works for it. */
export type ObserveFeed = <R, C extends ObservedCall, I, T extends Feed<I>>(
  name: string,
  useCase: (request: R, call: C) => Promise<T & Feed<I>>,
) => (request: R, call: C) => Promise<T & Feed<I>>;

export function createObserveFeed(telemetry: Telemetry, clock: Clock): ObserveFeed {
  return (name, useCase) => async (request, call) => {
    const finish = begin(telemetry, clock, name, call);
    try {
      const result = await useCase(request, call);
      return { ...result, pages: observeFeed(result.pages, finish) };
    } catch (error) {
      finish(error);
      throw error;
    }
  };
}

async function* observeFeed<I>(items: AsyncIterable<I>, finish: (error: unknown) => void): AsyncGenerator<I> {
  let failure: unknown = null;
  try {
    yield* items;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    finish(failure);
  }
}

/** Counts bytes and the engine's time; waiting for a slow reader is nobody's time. */
async function* observeItems<T>(
  items: AsyncIterable<T>,
  bytesOf: (item: T) => number,
  observation: Observation,
  finish: (error: unknown) => void,
) {
  let failure: unknown = new DataForgeError('cancelled', 'The caller went away before the end.');
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await observation.timeAsync('engine', () => iterator.next());
      if (next.done) break;
      observation.bytes += bytesOf(next.value);
      yield next.value;
    }
    failure = null;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    try {
      if (failure !== null) await iterator.return?.();
    } finally {
      finish(failure);
    }
  }
}

function begin(telemetry: Telemetry, clock: Clock, useCase: string, { caller, observation }: ObservedCall) {
  const startedAt = clock.now();
  const started = clock.elapsed();
  return (error: unknown) => {
    const run: UseCaseRun = {
      useCase,
      caller: caller.name,
      dataset: observation.dataset,
      processor: observation.processor,
      startedAt,
      duration: clock.elapsed() - started,
      parts: observation.parts,
      rows: observation.rows,
      bytes: observation.bytes,
      outcome: error === null ? 'ok' : codeOf(error),
      error,
    };
    telemetry.ran(run);
  };
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof DataForgeError ? error.code : 'internal';
}
