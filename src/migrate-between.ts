// The wiring of `forge migrate`: opens both stores without a server, copies, and closes them again.

import { resolve } from 'node:path';
import { STORE_TRANSFERS } from '#adapters/storage/registry.ts';
import { type MigrateRequest, type Migration, migrateStore } from '#application/maintenance/migrate-store.ts';
import type { Config } from '#config';
import { DataForgeError } from '#domain/errors.ts';
import { ColumnsChecksum } from '#formats/columns/checksum.ts';
import type { StoreAddress } from '#presentation/cli/store-address.ts';

/** Copies the store at one address to another. @throws DataForgeError what opening either throws, and `migrateStore` */
export async function migrateBetween(
  config: Config,
  from: StoreAddress,
  to: StoreAddress,
  options: Pick<MigrateRequest, 'onProgress' | 'signal'>,
): Promise<Migration> {
  const [source, target] = [locate(from, config), locate(to, config)];
  if (isSame(source, target)) {
    throw new DataForgeError('invalid_parameter', '--from and --to are the same store; name another for the copy.');
  }
  // Each may have half of what one engine may.
  const shared = { memoryBytes: Math.floor(config.engineMemory / 2), threads: config.engineThreads };
  const read = await transferOf(source.engine).from({ ...shared, ...source });
  try {
    const made = await transferOf(target.engine).to({ ...shared, ...target });
    try {
      return await migrateStore({
        from: { store: read, name: source.name },
        to: { store: made, name: target.name },
        newChecksum: (types) => new ColumnsChecksum(types),
        ...options,
      });
    } finally {
      await made.close();
    }
  } finally {
    await read.close();
  }
}

interface Located {
  readonly engine: StoreAddress['engine'];
  readonly dataDir: string;
  readonly databaseUrl: string;
  /** For people: no password is in it. */
  readonly name: string;
}

function locate(address: StoreAddress, config: Config): Located {
  const { engine } = address;
  if (engine !== 'postgres') {
    const dataDir = resolve(address.folder ?? config.dataDir);
    return { engine, dataDir, databaseUrl: '', name: `${engine}:${address.folder ?? config.dataDir}` };
  }
  const databaseUrl = address.url ?? config.databaseUrl;
  if (databaseUrl === '') {
    const message =
      'For "postgres" alone set DATABASE_URL, or write the address as postgres://user:password@host:port/database.';
    throw new DataForgeError('invalid_parameter', message);
  }
  if (!URL.canParse(databaseUrl)) {
    throw new DataForgeError('invalid_parameter', 'The address of the database is none that can be read.');
  }
  const { host, pathname } = new URL(databaseUrl);
  return { engine, dataDir: config.dataDir, databaseUrl, name: `postgres://${host}${pathname}` };
}

function isSame(a: Located, b: Located): boolean {
  return a.engine === b.engine && (a.engine === 'postgres' ? a.databaseUrl === b.databaseUrl : a.dataDir === b.dataDir);
}

function transferOf(engine: StoreAddress['engine']) {
  const transfer = STORE_TRANSFERS[engine];
  if (transfer === undefined) throw new TypeError(`${engine} keeps nothing to be copied`);
  return transfer;
}
