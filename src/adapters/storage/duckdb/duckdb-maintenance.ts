import { copyFile, rename, rm, stat } from 'node:fs/promises';
import type { Maintenance, StoreHealth } from '#application/ports/maintenance.ts';
import { DataForgeError } from '#domain/errors.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { ROW_GROUP_SIZE } from './duckdb-layout.ts';
import { newSpoolFile } from './duckdb-spool.ts';
import type { DuckDbStore } from './duckdb-store.ts';
import { trimHistory } from './duckdb-trim.ts';

/** Health, backup and upkeep of a store file. */
export class DuckDbMaintenance implements Maintenance {
  readonly #store: DuckDbStore;
  readonly #engineVersion: string;

  constructor(store: DuckDbStore, engineVersion: string) {
    this.#store = store;
    this.#engineVersion = engineVersion;
  }

  async health(): Promise<StoreHealth> {
    const facts = { engine: 'duckdb', engineVersion: this.#engineVersion, head: this.#store.sequence.head };
    try {
      await this.#store.withSession((session) => session.rows('SELECT 1 FROM forge.meta LIMIT 1'));
      return { ok: true, problem: null, bytes: await this.#bytes(), ...facts };
    } catch (error) {
      const problem = error instanceof DataForgeError ? error.message : 'The store does not answer.';
      return { ok: false, problem, bytes: await this.#bytes(), ...facts };
    }
  }

  /** The copy is made in the data folder, the only one the engine may write to, and moved when it is whole. */
  async backup(to: string): Promise<void> {
    if (await exists(to)) {
      throw new DataForgeError('invalid_parameter', `${to} exists already; name a file that does not, or remove it.`);
    }
    const file = newSpoolFile(this.#store.options.spoolDir, 'duckdb');
    const name = identifier(`backup_${Date.now()}`);
    try {
      await this.#store.withSession(async (session) => {
        await session.execute(`ATTACH ${literal(file)} AS ${name} (ROW_GROUP_SIZE ${ROW_GROUP_SIZE})`);
        try {
          await session.execute(`COPY FROM DATABASE store TO ${name}`);
        } finally {
          await session.execute(`DETACH ${name}`);
        }
      });
      await move(file, to);
    } finally {
      await rm(file, { force: true });
    }
  }

  trimHistory(before: string, dataset?: string): Promise<void> {
    return trimHistory(this.#store, before, dataset);
  }

  compact(): Promise<void> {
    return this.#store.commitLock.hold(() => this.#store.writer.execute('CHECKPOINT store'));
  }

  async close(): Promise<void> {
    await this.#store.commitLock.hold(async () => {
      await this.#store.writer.execute('CHECKPOINT store').catch(() => {});
    });
    this.#store.close();
  }

  async #bytes(): Promise<number> {
    const sizes = await Promise.all([this.#store.path, `${this.#store.path}.wal`].map(sizeOf));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Renames, or copies where the target is on another disk. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(from, to);
  }
}
