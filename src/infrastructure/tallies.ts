import type { Metric, Registry } from 'prom-client';

/** Upper bounds of the buckets of times, in seconds. */
export const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120] as const;

/** How often something took how long. */
export class Times {
  /** By the first bound that is not passed; the last is of those that pass all. */
  readonly counts: number[] = new Array(SECONDS.length + 1).fill(0);
  sum = 0;

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  add(seconds: number): void {
    let place = 0;
    while (place < SECONDS.length && seconds > (SECONDS[place] as number)) place++;
    this.counts[place] = (this.counts[place] ?? 0) + 1;
    this.sum += seconds;
  }

  /** Adds what another has. */
  take(other: Times): void {
    other.counts.forEach((count, place) => {
      this.counts[place] = (this.counts[place] ?? 0) + count;
    });
    this.sum += other.sum;
  }
}

/**
 * Figures by the labels they are told under. What is counted costs one look into a map; the library of metrics, which
 * orders and joins the labels of each figure anew, hears of it only when somebody asks.
 */
export class Tallies<L extends string, F> {
  readonly #labels: readonly L[];
  readonly #create: () => F;
  readonly #tallies = new Map<string, { readonly labels: Readonly<Record<L, string>>; readonly figures: F }>();

  constructor(labels: readonly L[], create: () => F) {
    this.#labels = labels;
    this.#create = create;
  }

  /**
   * The figures under some labels.
   * @param key the values of the labels, in their order, each with a line feed behind it
   */
  of(key: string): F {
    const known = this.#tallies.get(key);
    if (known !== undefined) return known.figures;
    const values = key.split('\n');
    const labels = Object.fromEntries(this.#labels.map((label, place) => [label, values[place] ?? '']));
    const figures = this.#create();
    this.#tallies.set(key, { labels: labels as Record<L, string>, figures });
    return figures;
  }

  all(): Iterable<{ readonly labels: Readonly<Record<L, string>>; readonly figures: F }> {
    return this.#tallies.values();
  }
}

interface TimesMetric<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
  /** All times there are; those under the same labels are told as one. */
  readonly read: () => Iterable<{ readonly labels: Readonly<Record<L, string>>; readonly times: Times }>;
}

/** Registers times that are kept elsewhere as a histogram. */
export function registerTimes<L extends string>(
  registry: Registry,
  { name, help, labelNames, read }: TimesMetric<L>,
): void {
  const get = async () => {
    const merged = new Map<string, { readonly labels: Record<string, string>; readonly times: Times }>();
    for (const { labels, times } of read()) {
      const told = Object.fromEntries(labelNames.map((label) => [label, labels[label]]));
      const key = Object.values(told).join('\n');
      const same = merged.get(key) ?? { labels: told, times: new Times() };
      same.times.take(times);
      merged.set(key, same);
    }
    const values = [...merged.values()].flatMap(({ labels, times }) => valuesOf(name, labels, times));
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  };
  // Of what is registered, a registry asks no more than the name and this.
  registry.registerMetric({ name, get } as unknown as Metric);
}

interface MetricLine {
  readonly metricName: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
}

/** As the text format of Prometheus has a histogram: counts up to each bound, then the sum and the count of all. */
function valuesOf(name: string, labels: Record<string, string>, { counts, sum }: Times): MetricLine[] {
  let count = 0;
  const buckets = counts.map((more, place) => {
    count += more;
    return { metricName: `${name}_bucket`, value: count, labels: { le: SECONDS[place] ?? '+Inf', ...labels } };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, value: sum, labels },
    { metricName: `${name}_count`, value: count, labels },
  ];
}
