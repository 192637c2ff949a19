import type { Dataset } from '#domain/dataset/dataset.ts';
import { literal } from '../sql/identifier.ts';
import { createIndex, currentTable, dropIndex, LOCATOR_INDEX_SUFFIX, locatorIndex } from './duckdb-layout.ts';
import type { DuckDbSession } from './duckdb-session.ts';

/** When a table gets an index on its locators of its own accord. */
export interface LocatorIndexLimits {
  /** Ids that must have been sought in a table without one. */
  readonly soughtIds: number;
  /** Rows above which a table gets none. */
  readonly rows: number;
}

/** An index of five million rows takes some 40 MB of memory and file, and a second to make. */
export const LOCATOR_INDEX_LIMITS: LocatorIndexLimits = { soughtIds: 1000, rows: 5_000_000 };

/**
 * Indexes that come and go by themselves (docs/adr/0004): a table of a middling size that is read by id gets one on its
 * locators, and loses it before a load of many blocks, which it would slow down, or before its columns change.
 */
export class LocatorIndexes {
  readonly #writer: DuckDbSession;
  readonly #alone: (work: () => Promise<void>) => Promise<void>;
  readonly #limits: LocatorIndexLimits;
  readonly #indexed: Set<string>;
  /** By table: ids that were sought since it lost its index or was opened; `Infinity` where none is to be made. */
  readonly #sought = new Map<string, number>();

  /** @param alone runs work while nothing is written and no long load runs */
  constructor(
    writer: DuckDbSession,
    indexedTables: readonly string[],
    limits: LocatorIndexLimits,
    alone: (work: () => Promise<void>) => Promise<void>,
  ) {
    this.#writer = writer;
    this.#alone = alone;
    this.#limits = limits;
    this.#indexed = new Set(indexedTables);
  }

  has({ tableName }: Dataset): boolean {
    return this.#indexed.has(tableName);
  }

  /** Counts ids that were sought without an index, and has one made when they are enough. */
  sought(dataset: Dataset, ids: number): void {
    const { tableName } = dataset;
    if (dataset.idIndex !== 'auto' || this.#indexed.has(tableName)) return;
    const sought = (this.#sought.get(tableName) ?? 0) + ids;
    if (sought < this.#limits.soughtIds) {
      this.#sought.set(tableName, sought);
      return;
    }
    this.#sought.set(tableName, Number.POSITIVE_INFINITY);
    if (sought < Number.POSITIVE_INFINITY) void this.#alone(() => this.#make(dataset)).catch(() => {});
  }

  /** Takes the index away; runs with the commit lock held, outside a transaction. */
  async drop(dataset: Dataset): Promise<void> {
    this.#sought.delete(dataset.tableName);
    if (!this.#indexed.delete(dataset.tableName)) return;
    await this.#writer.execute(dropIndex(locatorIndex(dataset)));
  }

  /** An index that cannot be made, for want of memory say, is not tried again before the next long load. */
  async #make(dataset: Dataset): Promise<void> {
    const [row] = await this.#writer.rows(`SELECT count(*) FROM ${currentTable(dataset)}`);
    if (Number(row?.[0]) > this.#limits.rows) return;
    await this.#writer.execute(createIndex(dataset, locatorIndex(dataset)));
    this.#indexed.add(dataset.tableName);
  }
}

/** The tables that have an index on their locators in the store. */
export async function readLocatorIndexes(session: DuckDbSession): Promise<string[]> {
  const rows = await session.rows(
    `SELECT table_name FROM duckdb_indexes() WHERE database_name = 'store' AND schema_name = 'data' ` +
      `AND index_name = table_name || ${literal(LOCATOR_INDEX_SUFFIX)}`,
  );
  return rows.map(([table]) => String(table));
}
