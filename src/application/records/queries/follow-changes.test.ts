import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseJson } from '#domain/record/json.ts';
import { dataset, property } from '#tests/support/dataset-builders.ts';
import { systemCall } from '../../call.ts';
import type { DatasetCatalog } from '../../datasets/dataset-catalog.ts';
import type { Limits } from '../../limits.ts';
import type { ChangeLog } from '../../ports/change-log.ts';
import { ChangeTail } from '../change-tail.ts';
import { followChanges } from './follow-changes.ts';
import { StreamPlaces } from './stream-records.ts';

const wells = dataset('wells', [property('oil', 'BIGINT')]);
const HEARTBEAT = 15_000;

/** A log in which each number is a record made with `oil` 1. */
class GrowingLog implements ChangeLog {
  #head = 0;
  readonly #listeners = new Set<(head: number, datasets: ReadonlySet<string>) => void>();

  head(): number {
    return this.#head;
  }

  async read({ since }: Parameters<ChangeLog['read']>[0]) {
    const changes = Array.from({ length: this.#head - since }, (_, at) => ({
      seq: since + at + 1,
      operation: 'create' as const,
      id: `${since + at + 1}`,
      json: '{}',
      images: { before: null, after: { row: [1n] } as never },
    }));
    return { changes, next: this.#head, hasMore: false };
  }

  subscribe(listener: (head: number, datasets: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  grow(): void {
    this.#head++;
    for (const listener of this.#listeners) listener(this.#head, new Set(['wells']));
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function follow(filters: string | null) {
  const log = new GrowingLog();
  const gate = { run: <T>(_signal: AbortSignal, work: () => Promise<T>) => work() };
  const useCase = followChanges({
    catalog: { get: () => ({ dataset: wells }) } as unknown as DatasetCatalog,
    tail: new ChangeTail({ changes: log, gate, limit: 1000, timeout: 1000 }),
    places: new StreamPlaces(10),
    limits: { filter: { maxConditions: 10, maxDepth: 5, maxListLength: 10 } } as Limits,
    stopping: new AbortController().signal,
  });
  const request = {
    schema: 'wells',
    since: null,
    filters: filters === null ? null : parseJson(filters),
    heartbeat: HEARTBEAT,
  };
  const { pages } = await useCase(request, systemCall());
  return { log, pages: pages[Symbol.asyncIterator]() };
}

test('whoever waits in silence is given an empty page', async () => {
  const { pages } = await follow(null);
  const next = pages.next();
  await vi.advanceTimersByTimeAsync(HEARTBEAT);
  expect(await next).toEqual({ done: false, value: { changes: [], next: 0 } });
});

test('a filter that passes over all that comes still tells how far it has come', async () => {
  const { log, pages } = await follow('[{"field":"oil","operator":"gt","value":5}]');
  let told: unknown = null;
  void pages.next().then((page) => {
    told = page;
  });
  for (let second = 0; second < 14; second++) {
    await vi.advanceTimersByTimeAsync(1000);
    log.grow();
  }
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toBeNull();
  await vi.advanceTimersByTimeAsync(1000);
  expect(told).toEqual({ done: false, value: { changes: [], next: 14 } });
});
