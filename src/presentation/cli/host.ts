import type { MigrateRequest, Migration } from '#application/maintenance/migrate-store.ts';
import type { SuggestedPipeline, SuggestRequest } from '#application/pipelines/queries/suggest-pipeline.ts';
import type { DatasetFiles } from '#application/ports/dataset-files.ts';
import type { PipelineFiles } from '#application/ports/pipeline-files.ts';
import type { PropertyType } from '#domain/dataset/db-type.ts';
import type { FileKind } from './files.ts';
import type { TextSink } from './output.ts';
import type { StoreAddress } from './store-address.ts';

/** One setting as the command line shows it. */
interface SettingOption {
  readonly name: string;
  /** `--port <number>`, or `--trust-proxy`. */
  readonly flags: string;
  readonly description: string;
  readonly default: string;
}

/** The settings that commands need, already read. */
export interface CliConfig {
  readonly dataDir: string;
  readonly datasetsDir: string;
  readonly pipelinesDir: string | null;
  readonly servesExamples: boolean;
  /** `pipelinesDir` is that of the example instance. */
  readonly servesExamplePipelines: boolean;
  /** Served without being named, once it is there. */
  readonly ownDatasetsDir: string | null;
  readonly apiTokens: readonly { readonly secret: string; readonly right: string }[];
}

/** A server that this process runs for one command. */
interface OwnServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A column that was found in a file of rows. */
export interface FoundColumn {
  readonly name: string;
  /** What a JSON column holds; follows from `dbType` for all others. */
  readonly type?: PropertyType;
  readonly dbType: string;
}

/** A suggested pipeline with the texts of its files. */
export interface DraftedFiles extends SuggestedPipeline {
  readonly pipelineText: string;
  /** null: the dataset is there already. */
  readonly datasetText: string | null;
}

/** What the commands need of the world; the entry wires the real one, tests another. */
export interface CliHost {
  readonly version: string;
  readonly out: TextSink;
  readonly err: TextSink;
  /** What is typed or piped in. */
  readonly in?: NodeJS.ReadStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings: readonly SettingOption[];
  /** @throws DataForgeError `invalid_configuration` */
  readonly loadConfig: (flags: Readonly<Record<string, string>>) => CliConfig;
  readonly datasetFiles: (folder: string) => DatasetFiles;
  readonly pipelineFiles: (folder: string) => PipelineFiles;
  /** Opens the store in this process and serves it on a free loopback port, without a word. */
  readonly startOwnServer: (flags: Readonly<Record<string, string>>, changesNothing: boolean) => Promise<OwnServer>;
  /** Serves until a signal comes. */
  readonly runServer: (flags: Readonly<Record<string, string>>) => Promise<void>;
  /** Carries out runs for a server elsewhere until a signal comes. */
  readonly runWorker: (
    flags: Readonly<Record<string, string>>,
    server: { readonly url: string; readonly token: string | null },
  ) => Promise<void>;
  /** Looks at an address, and drafts the files of a pipeline that would read it; `folder` is where its file will lie. */
  readonly draftPipeline: (
    flags: Readonly<Record<string, string>>,
    folder: string,
    request: SuggestRequest,
  ) => Promise<DraftedFiles>;
  /** Puts a backup in the place of the store; no server may run. Tells where the former store lies now. */
  readonly restore: (flags: Readonly<Record<string, string>>, from: string, replace: boolean) => Promise<string | null>;
  /** Makes an empty store a copy of another; see `migrateStore`. */
  readonly migrate: (
    flags: Readonly<Record<string, string>>,
    from: StoreAddress,
    to: StoreAddress,
    options: Pick<MigrateRequest, 'onProgress' | 'signal'>,
  ) => Promise<Migration>;
  /** Columns of a Parquet or Arrow file. */
  readonly readColumns: (path: string, kind: FileKind) => Promise<readonly FoundColumn[]>;
  /** Writes the rows of one file into another format. */
  readonly convert: (from: string, to: string) => Promise<number>;
}
