/** What is told of a piece of work: names as OpenTelemetry has them where it has one. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

/** A piece of work in a trace, from when it began until `end`. None of its methods may throw or wait. */
export interface Span {
  /** What others, elsewhere too, go on with this trace by: the W3C header `traceparent`; null where nothing is traced. */
  readonly traceParent: string | null;
  /** Begins a piece of work within this one. */
  child(name: string, facts?: SpanFacts): Span;
  tell(facts: SpanFacts): void;
  /** @param error what it failed of; null where it did not */
  end(error?: unknown): void;
}

export interface TracedWork {
  readonly name: string;
  /** `server`: asked for by a client that waits; `consumer`: put in a queue by somebody before. */
  readonly kind: 'server' | 'consumer';
  /** The `traceparent` of who asked for it; null: it begins a trace. */
  readonly parent: string | null;
  readonly facts: SpanFacts;
  /** Milliseconds since 1970; null: now. */
  readonly startedAt: number | null;
}

/** Where traces begin. */
export interface Tracer {
  begin(work: TracedWork): Span;
}

const NO_SPAN: Span = { traceParent: null, child: () => NO_SPAN, tell: () => {}, end: () => {} };

/** For a platform that nobody traces. */
export const NO_TRACES: Tracer = { begin: () => NO_SPAN };
