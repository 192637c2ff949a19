import { DuckDBInstance } from '@duckdb/node-api';
import { type RestoreRequest, restoreStore, type StoreFiles } from '../shared/restore-store.ts';
import { literal } from '../sql/identifier.ts';
import { translateOpenError } from './duckdb-errors.ts';
import { STORE_FORMAT } from './duckdb-layout.ts';

const DUCKDB_FILES: StoreFiles = {
  name: 'store.duckdb',
  companions: ['.wal'],
  newestFormat: STORE_FORMAT,
  readFormat,
  codeOf: (error) => translateOpenError(error, '').code,
  refuseOpen: refuseOpenStore,
};

/** Puts a backup in the place of a DuckDB store; see `restoreStore`. */
export function restoreDuckDbStore(request: RestoreRequest): Promise<string | null> {
  return restoreStore(request, DUCKDB_FILES);
}

/** A store that cannot even be opened is what people restore for; only one that is in use is in the way. */
async function refuseOpenStore(store: string): Promise<void> {
  try {
    await readFormat(store);
  } catch (cause) {
    const error = translateOpenError(cause, store);
    if (error.code === 'store_locked') throw error;
  }
}

async function readFormat(path: string): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    await connection.run(`ATTACH ${literal(path)} AS looked (READ_ONLY)`);
    const rows = await connection.runAndReadAll(`SELECT value FROM looked.forge.meta WHERE name = 'format'`);
    connection.closeSync();
    const format = Number(rows.getRowsJson()[0]?.[0] ?? Number.NaN);
    if (Number.isNaN(format)) throw new RangeError('the file does not say its format');
    return format;
  } finally {
    instance.closeSync();
  }
}
