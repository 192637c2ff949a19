import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { TimePart, UseCaseRun } from '#domain/run/use-case-run.ts';

/** A figure that is looked at only when somebody asks. */
export interface GaugeReading {
  readonly name: string;
  readonly help: string;
  readonly read: () => number | Promise<number>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

/** Counters in the format of Prometheus. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'protocol' | 'method' | 'route' | 'status' | 'dataset'>;
  readonly #requestSeconds: Histogram<'protocol' | 'method' | 'route' | 'dataset'>;
  readonly #bytesOut: Counter<'protocol' | 'route' | 'dataset'>;
  readonly #useCaseSeconds: Histogram<'use_case' | 'outcome'>;
  readonly #partSeconds: Counter<'use_case' | 'part'>;
  readonly #rows: Counter<'use_case' | 'dataset'>;
  readonly #computations: Counter<'processor' | 'outcome'>;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, prefix: 'data_forge_' });
    this.#requests = new Counter({
      name: 'data_forge_requests_total',
      help: 'Requests answered',
      labelNames: ['protocol', 'method', 'route', 'status', 'dataset'],
      registers,
    });
    this.#requestSeconds = new Histogram({
      name: 'data_forge_request_seconds',
      help: 'Time from the first byte in to the last byte out',
      labelNames: ['protocol', 'method', 'route', 'dataset'],
      buckets: SECONDS,
      registers,
    });
    this.#bytesOut = new Counter({
      name: 'data_forge_response_bytes_total',
      help: 'Bytes sent in bodies',
      labelNames: ['protocol', 'route', 'dataset'],
      registers,
    });
    this.#useCaseSeconds = new Histogram({
      name: 'data_forge_use_case_seconds',
      help: 'Time of use cases',
      labelNames: ['use_case', 'outcome'],
      buckets: SECONDS,
      registers,
    });
    this.#partSeconds = new Counter({
      name: 'data_forge_use_case_part_seconds_total',
      help: 'Time of use cases by part: parse, queue, engine',
      labelNames: ['use_case', 'part'],
      registers,
    });
    this.#rows = new Counter({
      name: 'data_forge_rows_total',
      help: 'Rows read or written',
      labelNames: ['use_case', 'dataset'],
      registers,
    });
    this.#computations = new Counter({
      name: 'data_forge_computations_total',
      help: 'Analyses computed, by the processor that did',
      labelNames: ['processor', 'outcome'],
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  gauge({ name, help, read }: GaugeReading): void {
    new Gauge({
      name: `data_forge_${name}`,
      help,
      registers: [this.#registry],
      async collect() {
        this.set(await read());
      },
    });
  }

  /** What is worth knowing of the server whatever it does, as labels of a figure that is always 1. */
  info(facts: Readonly<Record<string, string>>): void {
    const labelNames = Object.keys(facts);
    const name = 'data_forge_info';
    new Gauge({ name, help: 'The adapters in use', labelNames, registers: [this.#registry] }).set({ ...facts }, 1);
  }

  answered({ protocol, method, route, status, duration, dataset, bytesOut }: AnsweredRequest): void {
    const about = dataset ?? '';
    this.#requests.inc({ protocol, method, route, status, dataset: about });
    this.#requestSeconds.observe({ protocol, method, route, dataset: about }, duration / 1000);
    if (bytesOut > 0) this.#bytesOut.inc({ protocol, route, dataset: about }, bytesOut);
  }

  ran({ useCase, outcome, duration, parts, rows, dataset, processor }: UseCaseRun): void {
    if (useCase === 'compute-analysis' && processor !== null) this.#computations.inc({ processor, outcome });
    this.#useCaseSeconds.observe({ use_case: useCase, outcome }, duration / 1000);
    for (const part of Object.keys(parts) as TimePart[]) {
      if (parts[part] > 0) this.#partSeconds.inc({ use_case: useCase, part }, parts[part] / 1000);
    }
    if (rows > 0) this.#rows.inc({ use_case: useCase, dataset: dataset ?? '' }, rows);
  }
}
