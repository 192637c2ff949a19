import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { MemoryEngine } from '#adapters/storage/memory/memory-engine.ts';
import type { ChangesPage } from '#application/ports/change-log.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { openTemporaryDuckDb } from '../../support/duckdb-engine.ts';
import { openTemporaryPostgres } from '../../support/postgres-engine.ts';
import type { PostgresServer } from '../../support/postgres-server.ts';
import { openTemporarySqlite } from '../../support/sqlite-engine.ts';
import { StoreDriver } from '../../support/store-driver.ts';
import type { OpenedEngine } from '../storage/contract-context.ts';
import { Naming } from './naming.ts';

/** One engine of those that are held against one another. */
export interface Side {
  readonly name: string;
  readonly store: StoreDriver;
  readonly naming: Naming;
}

/** A record that stands, under the names that all engines share. */
export interface StandingRecord {
  readonly id: string;
  readonly version: number;
}

interface NamedEngine {
  readonly name: string;
  readonly opened: OpenedEngine;
}

/** The same story on every engine: what one does all do, and all must answer alike. */
export class SideBySide {
  readonly #opened: readonly NamedEngine[];
  #sides: readonly Side[];
  /** The numbers of the commits there were. */
  readonly commits: number[] = [];
  #head = 0;

  private constructor(opened: readonly NamedEngine[]) {
    this.#opened = opened;
    this.#sides = opened.map(({ name, opened }) => ({
      name,
      store: new StoreDriver(opened.engine),
      naming: new Naming(),
    }));
  }

  /** @param server null where there can be none */
  static async open(server: PostgresServer | null): Promise<SideBySide> {
    const memory = new MemoryEngine({ compilePattern: compileRe2 });
    return new SideBySide([
      { name: 'memory', opened: { engine: memory, dispose: () => memory.maintenance.close() } },
      { name: 'sqlite', opened: await openTemporarySqlite() },
      { name: 'duckdb', opened: await openTemporaryDuckDb() },
      ...(server === null
        ? []
        : [{ name: 'postgres', opened: await openTemporaryPostgres(server, { numbersAhead: false }) }]),
    ]);
  }

  get head(): number {
    return this.#head;
  }

  /** Asks every engine the same; what they answer, and what they refuse, must be the same. */
  async ask<T>(about: string, work: (side: Side) => Promise<T>): Promise<unknown> {
    const answers = await this.#all(work);
    return this.#same(about, answers);
  }

  /** Changes every store; then what came of it, what the feed tells of it and what stands must be the same. */
  async change<T>(
    about: string,
    datasets: readonly Dataset[],
    work: (side: Side) => Promise<T>,
  ): Promise<{ readonly answer: unknown; readonly standing: readonly (readonly StandingRecord[])[] }> {
    const answers = await this.#all(work);
    const since = this.#head;
    const feeds = await this.#all(async ({ store, naming }) => {
      const feeds: ChangesPage['changes'][] = [];
      for (const dataset of datasets) feeds.push(await feedOf(store, dataset, since));
      for (const change of feeds.flat().toSorted((a, b) => a.seq - b.seq)) naming.learn(JSON.parse(change.json));
      return feeds;
    });
    this.#same(`${about}: what the feed tells`, feeds);
    const answer = this.#same(about, answers);
    const heads = await this.#all(async ({ store }) => store.engine.changes.head());
    this.#head = this.#same(`${about}: the head`, heads) as number;
    if (this.#head > since) this.commits.push(since + 1);
    const states = await this.#all(async ({ store }) => {
      const states = [];
      for (const dataset of datasets) states.push(await store.page(dataset, { sort: [{ field: '_seq' }] }));
      return states.map(({ records, total }) => ({ records, total }));
    });
    const same = this.#same(`${about}: what stands`, states) as { records: StandingRecord[] }[];
    // Ids of two commits in one millisecond would stand in an order of chance.
    const now = Date.now();
    while (Date.now() <= now) await wait(1);
    return { answer, standing: same.map(({ records }) => records) };
  }

  /** Closes the engines that keep a store, and opens them again. */
  async reopen(): Promise<void> {
    this.#sides = await Promise.all(
      this.#sides.map(async (side, at) => {
        const reopen = this.#opened[at]?.opened.reopen;
        return reopen === undefined ? side : { ...side, store: new StoreDriver(await reopen()) };
      }),
    );
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#opened.map(({ opened }) => opened.dispose()));
  }

  async #all<T>(work: (side: Side) => Promise<T>): Promise<{ readonly side: Side; readonly answer: unknown }[]> {
    return Promise.all(
      this.#sides.map(async (side) => {
        const answer: unknown = await Promise.try(() => work(side)).catch((error) => error);
        return { side, answer };
      }),
    );
  }

  #same(about: string, answers: readonly { readonly side: Side; readonly answer: unknown }[]): unknown {
    const [first, ...others] = answers.map(({ side, answer }) => ({
      name: side.name,
      named: namedBy(side, about, answer),
    }));
    for (const { name, named } of others) expect(named, `${name} and ${first?.name}: ${about}`).toEqual(first?.named);
    return first?.named;
  }
}

function namedBy({ name, naming }: Side, about: string, answer: unknown): unknown {
  try {
    return naming.named(answer);
  } catch (cause) {
    throw new Error(`${name}: ${about}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

async function feedOf(store: StoreDriver, dataset: Dataset, since: number): Promise<ChangesPage['changes']> {
  const { signal } = new AbortController();
  const request = { dataset, limit: 1000, latest: false, images: true, signal };
  const all: ChangesPage['changes'][number][] = [];
  for (let from = since, hasMore = true; hasMore; ) {
    const page = await store.engine.changes.read({ ...request, since: from });
    all.push(...page.changes);
    ({ next: from, hasMore } = page);
  }
  return all;
}
