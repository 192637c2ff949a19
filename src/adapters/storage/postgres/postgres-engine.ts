import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { EngineCapabilities, StorageEngine } from '#application/ports/storage-engine.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import type { ParquetCodec } from '../shared/parquet-codec.ts';
import { prepareSpool } from '../shared/spool.ts';
import { PostgresChangeLog } from './postgres-changes.ts';
import { PostgresCommits } from './postgres-commits.ts';
import { PostgresDatasets } from './postgres-datasets.ts';
import { translateConnectError } from './postgres-errors.ts';
import { PostgresHeads } from './postgres-heads.ts';
import { PostgresLoader } from './postgres-loader.ts';
import { PostgresMaintenance } from './postgres-maintenance.ts';
import { type CommitNotice, PostgresNotices } from './postgres-notices.ts';
import { prepareStore, shownAddress } from './postgres-open.ts';
import { PostgresPool } from './postgres-pool.ts';
import { PostgresReader } from './postgres-reader.ts';
import { PostgresSqlRunner } from './postgres-sql-runner.ts';
import type { PostgresStore } from './postgres-store.ts';
import { PostgresWriter } from './postgres-writer.ts';

export interface PostgresEngineOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** The schema that the store is kept in; several stores may share a database. */
  readonly schema: string;
  /** Most connections of this instance, four at least. */
  readonly connections: number;
  /** Whether the rows of long loads go to where they stay while they come, with numbers far ahead; else they are staged. */
  readonly numbersAhead?: boolean;
  /** For bodies of Parquet. */
  readonly dataDir: string;
  readonly gate: AdmissionGate;
  readonly compilePattern: CompilePattern;
  readonly parquet: () => Promise<ParquetCodec>;
}

const POSTGRES_CAPABILITIES: EngineCapabilities = {
  rendersNatively: [],
  sharedByInstances: true,
  durable: true,
  dialect: 'postgres',
};

/** One makes a commit, one trims or forgets; commits wait for each other anyway. */
const COMMIT_CONNECTIONS = 2;

/** Ends what was left behind where even its cancellation was lost. */
const READ_TIMEOUT_MS = 600_000;

/**
 * Opens the store in a database, making it where there is none. Several instances may have it open.
 * @throws DataForgeError `invalid_configuration`, `unavailable`, `store_newer` or `store_unfinished`
 */
export async function openPostgresEngine(options: PostgresEngineOptions): Promise<StorageEngine> {
  const { url, schema } = options;
  const { version: engineVersion, reader } = await prepareStore(url, schema);
  const spoolDir = join(options.dataDir, 'spool');
  await prepareSpool(spoolDir);
  const instance = randomUUID();
  const heads = new PostgresHeads();
  const tellAll = async (head: number) => heads.tell(head, new Set((await datasets.list()).map(({ name }) => name)));
  const notices = new PostgresNotices(url, schema, {
    onNotice: ({ by, head, datasets: touched }: CommitNotice) => {
      if (by === instance) return;
      if (touched !== null) heads.tell(head, new Set(touched));
      else tellAll(head).catch(() => {});
    },
    onReconnect: (head) => void tellAll(head).catch(() => {}),
  });
  const rest = Math.max(2, options.connections - COMMIT_CONNECTIONS - 1);
  const pool = (most: number, statementTimeoutMs: number) =>
    new PostgresPool({ url, schema, most, statementTimeoutMs, cancel: (processId) => notices.cancel(processId) });
  const store: PostgresStore = {
    schema,
    reader,
    spoolDir,
    engineVersion,
    gate: options.gate,
    parquet: options.parquet,
    compilePattern: options.compilePattern,
    commits: new PostgresCommits({ pool: pool(COMMIT_CONNECTIONS, 0), schema, instance, heads }),
    reads: pool(Math.ceil(rest / 2), READ_TIMEOUT_MS),
    streams: pool(Math.floor(rest / 2), 0),
    numbersAhead: options.numbersAhead ?? true,
    heads,
  };
  const datasets = new PostgresDatasets(store);
  try {
    heads.see(await notices.connect());
  } catch (error) {
    throw translateConnectError(error, shownAddress(url));
  }
  const sql = new PostgresSqlRunner(store, url);
  return {
    name: 'postgres',
    capabilities: POSTGRES_CAPABILITIES,
    datasets,
    writer: new PostgresWriter(store),
    loader: new PostgresLoader(store),
    reader: new PostgresReader(store),
    changes: new PostgresChangeLog(store),
    maintenance: new PostgresMaintenance(store, notices, sql),
    sql,
    relations: null,
  };
}
