import { open, rename, rm, stat } from 'node:fs/promises';
import type { Maintenance, StoreHealth } from '#application/ports/maintenance.ts';
import { DataForgeError } from '#domain/errors.ts';
import { META } from './sqlite-layout.ts';
import type { SqliteSqlRunner } from './sqlite-sql-runner.ts';
import type { SqliteStore } from './sqlite-store.ts';
import type { StoreLock } from './sqlite-store-lock.ts';

/** Health, backup and upkeep of a store file. */
export class SqliteMaintenance implements Maintenance {
  readonly #store: SqliteStore;
  readonly #sql: SqliteSqlRunner;
  readonly #lock: StoreLock;
  readonly #engineVersion: string;

  constructor(store: SqliteStore, sql: SqliteSqlRunner, lock: StoreLock) {
    this.#store = store;
    this.#sql = sql;
    this.#lock = lock;
    this.#engineVersion = String(store.points.row('SELECT sqlite_version()')?.[0]);
  }

  async health(): Promise<StoreHealth> {
    const facts = { engine: 'sqlite', engineVersion: this.#engineVersion, head: this.#store.head };
    const bytes = await this.#bytes();
    if (this.#store.writer.hasEnded) {
      return { ok: false, problem: 'The store had to stop after a fault; restart the server.', bytes, ...facts };
    }
    try {
      this.#store.points.row(`SELECT 1 FROM ${META} LIMIT 1`);
      return { ok: true, problem: null, bytes, ...facts };
    } catch {
      return { ok: false, problem: 'The store does not answer.', bytes, ...facts };
    }
  }

  /** The copy gets its name when it is whole and on disk. */
  async backup(to: string): Promise<void> {
    if ((await sizeOf(to)) !== null) {
      throw new DataForgeError('invalid_parameter', `${to} exists already; name a file that does not, or remove it.`);
    }
    const part = `${to}.part`;
    await rm(part, { force: true });
    try {
      await this.#store.readers.call('backup', { to: part });
      const file = await open(part, 'r+');
      await file.sync();
      await file.close();
      await rename(part, to);
    } finally {
      await rm(part, { force: true });
    }
  }

  async trimHistory(before: string, dataset?: string): Promise<void> {
    this.#store.trimmedTo = new Map(await this.#store.writer.call('trim', { before, dataset }));
  }

  compact(): Promise<void> {
    return this.#store.writer.call('compact', null);
  }

  async close(): Promise<void> {
    const { writer, readers, points } = this.#store;
    this.#sql.close();
    await readers.close();
    points.close();
    if (!writer.hasEnded) await writer.call('close', null);
    await writer.terminate();
    this.#lock.release();
  }

  async #bytes(): Promise<number> {
    const sizes = await Promise.all([this.#store.path, `${this.#store.path}-wal`].map(sizeOf));
    return sizes.reduce((sum: number, size) => sum + (size ?? 0), 0);
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  );
}
