import type { UseCaseRun } from '#domain/run/use-case-run.ts';
import type { Logger } from './logging.ts';
import type { AnsweredRequest, Metrics } from './metrics.ts';

/** An answered request with what the log says of it besides. */
export interface LoggedRequest extends AnsweredRequest {
  readonly requestId: string;
  readonly caller: string;
  readonly address: string;
  readonly code: string | null;
  readonly rows: number;
  readonly parts: Readonly<Record<string, number>>;
  /** What was asked of the store: filters, sort, size; for requests that were slow. */
  readonly plan: Readonly<Record<string, unknown>> | null;
  /** Tells how the engine went about it; null where it was not asked for rows. */
  readonly explain: (() => Promise<string | null>) | null;
  /** What was thrown, where the fault is ours. */
  readonly error: unknown;
}

export interface TelemetryOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Milliseconds from which a request is slow. */
  readonly slowRequest: number;
}

/** Where everything that is learnt of the running of the platform goes: logs and metrics. */
export class ProcessTelemetry {
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #slowRequest: number;

  constructor({ logger, metrics, slowRequest }: TelemetryOptions) {
    this.#logger = logger;
    this.#metrics = metrics;
    this.#slowRequest = slowRequest;
  }

  ran(run: UseCaseRun): void {
    this.#metrics.ran(run);
    if (this.#logger.isLevelEnabled('trace')) this.#logger.trace({ ...run, error: undefined }, 'use case');
  }

  answered(request: LoggedRequest): void {
    this.#metrics.answered(request);
    const { plan, explain, error, ...facts } = request;
    if (request.status >= 500) {
      this.#logger.error({ ...facts, plan, err: error }, 'request failed');
    } else if (request.duration >= this.#slowRequest) {
      void enginePlan(explain).then((engine) => this.#logger.warn({ ...facts, plan, engine }, 'slow request'));
    } else if (this.#logger.isLevelEnabled('debug')) {
      this.#logger.debug(facts, 'request');
    }
  }

  note(message: string, facts: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.info(facts, message);
  }

  warn(message: string, facts: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.warn(facts, message);
  }
}

/** The plan is asked for after the answer, and does without where the engine cannot say. */
async function enginePlan(explain: LoggedRequest['explain']): Promise<string | null> {
  return explain === null ? null : explain().catch(() => null);
}
