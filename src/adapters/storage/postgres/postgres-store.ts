import type { AdmissionGate } from '#application/ports/admission-gate.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import type { ParquetCodec } from '../shared/parquet-codec.ts';
import type { PostgresCommits } from './postgres-commits.ts';
import type { PostgresHeads } from './postgres-heads.ts';
import type { PostgresPool } from './postgres-pool.ts';
import type { Reader } from './postgres-views.ts';

interface StoreParts {
  readonly schema: string;
  /** Who runs people's SQL; null where the user of the store may not make roles. */
  readonly reader: Reader | null;
  readonly spoolDir: string;
  readonly engineVersion: string;
  readonly gate: AdmissionGate;
  readonly parquet: () => Promise<ParquetCodec>;
  readonly compilePattern: CompilePattern;
  readonly commits: PostgresCommits;
  /** For pages, points and counts. */
  readonly reads: PostgresPool;
  /** For streams, each of which keeps a connection for as long as it lasts. */
  readonly streams: PostgresPool;
  readonly heads: PostgresHeads;
  readonly numbersAhead: boolean;
}

/** What the parts of the engine share. */
export type PostgresStore = StoreParts;
