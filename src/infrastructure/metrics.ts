import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { TimePart, UseCaseRun } from '#domain/run/use-case-run.ts';
import { registerTimes, Tallies, Times } from './tallies.ts';

/** A figure that is looked at only when somebody asks. */
export interface GaugeReading {
  readonly name: string;
  readonly help: string;
  readonly read: () => number | Promise<number>;
}

/** Requests that were answered alike. */
class RequestFigures {
  readonly times = new Times();
  bytes = 0;
}

/** Runs of a use case that ended alike; seconds. */
class UseCaseFigures {
  readonly times = new Times();
  readonly parts: Record<TimePart, number> = { parse: 0, queue: 0, engine: 0, render: 0 };
  rows = 0;
}

/** Counters in the format of Prometheus. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Tallies(['protocol', 'method', 'route', 'status', 'dataset'], () => new RequestFigures());
  readonly #useCases = new Tallies(['use_case', 'outcome', 'dataset', 'processor'], () => new UseCaseFigures());

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'data_forge_' });
    this.#tellRequests();
    this.#tellUseCases();
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
    const figures = this.#requests.of(`${protocol}\n${method}\n${route}\n${status}\n${dataset ?? ''}\n`);
    figures.times.add(duration / 1000);
    figures.bytes += bytesOut;
  }

  ran({ useCase, outcome, duration, parts, rows, dataset, processor }: UseCaseRun): void {
    const figures = this.#useCases.of(`${useCase}\n${outcome}\n${dataset ?? ''}\n${processor ?? ''}\n`);
    figures.times.add(duration / 1000);
    figures.parts.parse += parts.parse / 1000;
    figures.parts.queue += parts.queue / 1000;
    figures.parts.engine += parts.engine / 1000;
    figures.parts.render += parts.render / 1000;
    figures.rows += rows;
  }

  #tellRequests(): void {
    const requests = this.#requests;
    this.#counter(
      'requests_total',
      'Requests answered',
      ['protocol', 'method', 'route', 'status', 'dataset'],
      (told) => {
        for (const { labels, figures } of requests.all()) told.inc(labels, figures.times.count);
      },
    );
    registerTimes(this.#registry, {
      name: 'data_forge_request_seconds',
      help: 'Time from the first byte in to the last byte out',
      labelNames: ['protocol', 'method', 'route', 'dataset'],
      read: () => timesOf(requests),
    });
    this.#counter('response_bytes_total', 'Bytes sent in bodies', ['protocol', 'route', 'dataset'], (told) => {
      for (const { labels, figures } of requests.all()) {
        const { protocol, route, dataset } = labels;
        if (figures.bytes > 0) told.inc({ protocol, route, dataset }, figures.bytes);
      }
    });
  }

  #tellUseCases(): void {
    const useCases = this.#useCases;
    registerTimes(this.#registry, {
      name: 'data_forge_use_case_seconds',
      help: 'Time of use cases',
      labelNames: ['use_case', 'outcome'],
      read: () => timesOf(useCases),
    });
    const help = 'Time of use cases by part: parse, queue, engine, render';
    this.#counter('use_case_part_seconds_total', help, ['use_case', 'part'], (told) => {
      for (const { labels, figures } of useCases.all()) {
        for (const [part, seconds] of Object.entries(figures.parts)) {
          if (seconds > 0) told.inc({ use_case: labels.use_case, part }, seconds);
        }
      }
    });
    this.#counter('rows_total', 'Rows read or written', ['use_case', 'dataset'], (told) => {
      for (const { labels, figures } of useCases.all()) {
        const { use_case, dataset } = labels;
        if (figures.rows > 0) told.inc({ use_case, dataset }, figures.rows);
      }
    });
    const computed = 'Analyses computed, by the processor that did';
    this.#counter('computations_total', computed, ['processor', 'outcome'], (told) => {
      for (const { labels, figures } of useCases.all()) {
        const { use_case, processor, outcome } = labels;
        if (use_case === 'compute-analysis' && processor !== '') told.inc({ processor, outcome }, figures.times.count);
      }
    });
  }

  /** A counter whose figures are given anew whenever somebody asks. */
  #counter<L extends string>(name: string, help: string, labelNames: L[], tell: (told: Counter<L>) => void): void {
    new Counter({
      name: `data_forge_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        tell(this);
      },
    });
  }
}

function* timesOf<L extends string>(tallies: Tallies<L, { readonly times: Times }>) {
  for (const { labels, figures } of tallies.all()) yield { labels, times: figures.times };
}
