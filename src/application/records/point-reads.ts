import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { RenderedRecord } from '#domain/record/record.ts';
import type { Value } from '#domain/record/value.ts';
import { NEVER } from '../call.ts';
import type { Observation } from '../observe.ts';
import type { ReadOptions, RecordReader } from '../ports/record-reader.ts';
import { withTimeLimit } from '../time-limit.ts';
import { type GatherReadsOptions, ReadGatherer } from './gather-reads.ts';

type Key = readonly Value[];

interface DatasetReads {
  readonly byId: ReadGatherer<string, RenderedRecord>;
  readonly byKey: ReadGatherer<Key, RenderedRecord>;
}

/** Reads of single records, gathered for each dataset. */
export class PointReads {
  readonly #reader: RecordReader;
  readonly #options: GatherReadsOptions & { readonly timeout: number };
  readonly #datasets = new WeakMap<Dataset, DatasetReads>();

  constructor(reader: RecordReader, options: GatherReadsOptions & { readonly timeout: number }) {
    this.#reader = reader;
    this.#options = options;
  }

  byId(dataset: Dataset, id: string, observation: Observation): Promise<RenderedRecord | null> {
    return ask(this.#of(dataset).byId, id, observation);
  }

  byKey(dataset: Dataset, key: Key, observation: Observation): Promise<RenderedRecord | null> {
    return ask(this.#of(dataset).byKey, key, observation);
  }

  #of(dataset: Dataset): DatasetReads {
    const known = this.#datasets.get(dataset);
    if (known) return known;
    const limited = <T>(work: (options: ReadOptions) => Promise<T>) =>
      withTimeLimit(NEVER, this.#options.timeout, (signal) => work({ at: null, signal }));
    const reads: DatasetReads = {
      byId: new ReadGatherer(
        (ids) => limited((options) => this.#reader.byIds(dataset, ids, options)),
        (id) => id,
        this.#options,
      ),
      byKey: new ReadGatherer(
        (keys) => limited((options) => this.#reader.byKeys(dataset, keys, options)),
        (key) => JSON.stringify(key.map(String)),
        this.#options,
      ),
    };
    this.#datasets.set(dataset, reads);
    return reads;
  }
}

function ask<K>(
  reads: ReadGatherer<K, RenderedRecord>,
  key: K,
  observation: Observation,
): Promise<RenderedRecord | null> {
  if (!reads.full) return reads.get(key, observation);
  return Promise.reject(
    new DataForgeError('too_many_requests', 'Too many reads wait already; send this one again in a moment.', {
      retryable: true,
    }),
  );
}
