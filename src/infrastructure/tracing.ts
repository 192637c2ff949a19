import type { Attributes, Span as OtelSpan, Tracer as OtelTracer, SpanContext } from '@opentelemetry/api';
import { DataForgeError } from '#domain/errors.ts';
import type { Span, SpanFacts, TracedWork, Tracer } from '#domain/run/trace.ts';
import type { Logger } from './logging.ts';

export interface TracingOptions {
  /** Address of a collector, without `/v1/traces`; empty: nothing is traced. */
  readonly traceEndpoint: string;
  readonly traceHeaders: Readonly<Record<string, string>>;
  readonly traceService: string;
  /** Which part of the traces that begin here is sent, from 0 to 1. */
  readonly traceRatio: number;
}

export interface Tracing extends Tracer {
  /** Sends what is still here, and waits for that no longer than a moment. */
  close(): Promise<void>;
}

/** How long the last spans may take on their way, in milliseconds. */
const LAST_SPANS = 2000;
/** How often a collector that does not answer is worth a line in the log, in milliseconds. */
const QUIET = 60_000;

type Api = typeof import('@opentelemetry/api');

/** Traces by OpenTelemetry, sent by OTLP over HTTP. Without a collector there are none, and the library is not loaded. */
export async function openTracing(options: TracingOptions, version: string, logger: Logger): Promise<Tracing | null> {
  const { traceEndpoint, traceHeaders: headers, traceService, traceRatio } = options;
  if (traceEndpoint === '') return null;
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/resources'),
  ]);
  tellFailures(api, logger);
  const exporter = new OTLPTraceExporter({ url: `${traceEndpoint.replace(/\/+$/, '')}/v1/traces`, headers });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': traceService, 'service.version': version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(traceRatio) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('data-forge', version);
  return {
    begin: (work) => beginTrace(api, tracer, work),
    async close() {
      const waited = Promise.withResolvers<void>();
      const timer = setTimeout(waited.resolve, LAST_SPANS);
      await Promise.race([provider.shutdown().catch(() => {}), waited.promise]);
      clearTimeout(timer);
    },
  };
}

function beginTrace(api: Api, tracer: OtelTracer, { name, kind, parent, facts, startedAt }: TracedWork): Span {
  const context = parent === null ? null : spanContextOf(parent);
  const around = context === null ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, context);
  const span = tracer.startSpan(
    name,
    {
      kind: kind === 'server' ? api.SpanKind.SERVER : api.SpanKind.CONSUMER,
      attributes: facts as Attributes,
      ...(startedAt !== null && { startTime: startedAt }),
    },
    around,
  );
  return new TracedSpan(api, tracer, span);
}

class TracedSpan implements Span {
  readonly #api: Api;
  readonly #tracer: OtelTracer;
  readonly #span: OtelSpan;

  constructor(api: Api, tracer: OtelTracer, span: OtelSpan) {
    this.#api = api;
    this.#tracer = tracer;
    this.#span = span;
  }

  get traceParent(): string {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  child(name: string, facts: SpanFacts = {}): Span {
    const around = this.#api.trace.setSpan(this.#api.ROOT_CONTEXT, this.#span);
    const span = this.#tracer.startSpan(name, { attributes: facts as Attributes }, around);
    return new TracedSpan(this.#api, this.#tracer, span);
  }

  tell(facts: SpanFacts): void {
    this.#span.setAttributes(facts as Attributes);
  }

  end(error: unknown = null): void {
    if (error !== null) {
      const code = error instanceof DataForgeError ? error.code : 'internal';
      this.#span.setAttribute('error.type', code);
      const message = error instanceof DataForgeError ? { message: error.message } : {};
      this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR, ...message });
    }
    this.#span.end();
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; null for what is none, and is to be ignored. */
function spanContextOf(traceParent: string): SpanContext | null {
  const [, traceId = '', spanId = '', flags = ''] =
    /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/.exec(traceParent) ?? [];
  if (traceId === '') return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** The library says again and again that a collector does not answer. */
function tellFailures({ diag, DiagLogLevel }: Api, logger: Logger): void {
  let told = Number.NEGATIVE_INFINITY;
  const fail = (message: string) => {
    if (performance.now() - told < QUIET) return;
    told = performance.now();
    logger.warn({ cause: message.slice(0, 300) }, 'traces cannot be sent');
  };
  const silent = () => {};
  diag.setLogger(
    { error: fail, warn: silent, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  );
}
