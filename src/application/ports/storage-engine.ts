import type { BulkLoader } from './bulk-loader.ts';
import type { ChangeLog } from './change-log.ts';
import type { DatasetStore } from './dataset-store.ts';
import type { Maintenance } from './maintenance.ts';
import type { RecordReader, StreamFormat } from './record-reader.ts';
import type { RecordWriter } from './record-writer.ts';
import type { RelationRunner } from './relation-runner.ts';
import type { RunLog } from './run-log.ts';
import type { SqlRunner } from './sql-runner.ts';

/** What an engine says of itself, so that nobody has to find out by an exception. */
export interface EngineCapabilities {
  /** Formats whose bytes the engine makes itself. */
  readonly rendersNatively: readonly StreamFormat[];
  /** Several instances may have the same store open. */
  readonly sharedByInstances: boolean;
  /** Rows outlive the process. */
  readonly durable: boolean;
  /** The SQL people may send, for engines that run it. */
  readonly dialect: 'duckdb' | 'sqlite' | 'postgres' | null;
}

/** One storage technology behind the storage ports. */
export interface StorageEngine {
  readonly name: string;
  readonly capabilities: EngineCapabilities;
  readonly datasets: DatasetStore;
  readonly writer: RecordWriter;
  readonly loader: BulkLoader;
  readonly reader: RecordReader;
  readonly changes: ChangeLog & RunLog;
  readonly maintenance: Maintenance;
  /** null where `capabilities.dialect` is. */
  readonly sql: SqlRunner | null;
  /** Lets a processor compute where the rows are; null where its SQL is not the one processors write. */
  readonly relations: RelationRunner | null;
}
