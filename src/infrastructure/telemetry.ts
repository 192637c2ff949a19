import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { SpanFacts, Tracer } from '#domain/run/trace.ts';
import type { UseCaseRun } from '#domain/run/use-case-run.ts';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';

export interface TelemetryOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** Milliseconds from which a request is slow. */
  readonly slowRequest: number;
}

/** Where everything that is learnt of the running of the platform goes: logs and metrics. */
export class ProcessTelemetry {
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #tracer: Tracer | null;
  readonly #slowRequest: number;
  #storage: string | null = null;

  constructor({ logger, metrics, tracer, slowRequest }: TelemetryOptions) {
    this.#logger = logger;
    this.#metrics = metrics;
    this.#tracer = tracer;
    this.#slowRequest = slowRequest;
  }

  /** Names the adapters: in a figure, once in the log, and in what it says of requests that fail or are slow. */
  uses(adapters: { readonly engine: string; readonly processor: string }): void {
    this.#metrics.info(adapters);
    this.#logger.debug(adapters, 'adapters');
    this.#storage = adapters.engine;
  }

  ran(run: UseCaseRun): void {
    this.#metrics.ran(run);
    if (this.#logger.isLevelEnabled('trace')) this.#logger.trace({ ...run, error: undefined }, 'use case');
  }

  answered(request: AnsweredRequest): void {
    this.#metrics.answered(request);
    if (this.#tracer !== null) traceRequest(this.#tracer, request);
    const { status, duration, plan, explain, error } = request;
    if (status >= 500) {
      this.#logger.error({ ...this.#factsOf(request), plan, err: error }, 'request failed');
    } else if (duration >= this.#slowRequest) {
      const facts = this.#factsOf(request);
      void enginePlan(explain).then((engine) => this.#logger.warn({ ...facts, plan, engine }, 'slow request'));
    } else if (this.#logger.isLevelEnabled('debug')) {
      this.#logger.debug(this.#factsOf(request), 'request');
    }
  }

  #factsOf({ plan: _plan, explain: _explain, error: _error, ...facts }: AnsweredRequest) {
    return { ...facts, storage: this.#storage };
  }

  note(message: string, facts: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.info(facts, message);
  }

  warn(message: string, facts: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.warn(facts, message);
  }
}

/** The plan is asked for after the answer, and does without where the engine cannot say. */
async function enginePlan(explain: AnsweredRequest['explain']): Promise<string | null> {
  return explain === null ? null : explain().catch(() => null);
}

function traceRequest(tracer: Tracer, request: AnsweredRequest): void {
  const { method, route, protocol, duration, traceParent, error } = request;
  const span = tracer.begin({
    name: protocol === 'flight' ? route : `${method} ${route}`,
    kind: 'server',
    parent: traceParent,
    facts: requestFacts(request),
    startedAt: Date.now() - duration,
  });
  span.end(request.status >= 500 ? error : null);
}

/** Names of OpenTelemetry's semantic conventions where it has one. */
function requestFacts(request: AnsweredRequest): SpanFacts {
  const { protocol, method, route, status, dataset, processor, code, rows, bytesOut, caller, parts, requestId } =
    request;
  const times = Object.entries(parts).map(([part, time]) => [`data_forge.${part}_ms`, time] as const);
  return {
    'network.protocol.name': protocol === 'flight' ? 'grpc' : protocol === 'websocket' ? 'websocket' : 'http',
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': status,
    'data_forge.request_id': requestId,
    'data_forge.caller': caller,
    'data_forge.rows': rows,
    'data_forge.bytes_out': bytesOut,
    ...(dataset !== null && { 'data_forge.dataset': dataset }),
    ...(processor !== null && { 'data_forge.processor': processor }),
    ...(code !== null && { 'error.type': code }),
    ...Object.fromEntries(times),
  };
}
