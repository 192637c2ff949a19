import { readFileSync } from 'node:fs';
import { DatasetFolder } from '#adapters/described-files/dataset-folder.ts';
import { PipelineFolder } from '#adapters/described-files/pipeline-folder.ts';
import { JOBS } from '#adapters/jobs/registry.ts';
import { SOURCE_KINDS } from '#adapters/sources/registry.ts';
import { STORE_RESTORERS } from '#adapters/storage/registry.ts';
import { loadConfig } from '#config';
import { DataForgeError } from '#domain/errors.ts';
import { inferColumns } from '#formats/rows/infer-columns.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { settingOptions } from '../../config/config-docs.ts';
import { runCli } from './cli.ts';
import { type FileKind, fileKind, openDecoded } from './files.ts';
import type { CliHost, FoundColumn } from './host.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

const host: CliHost = {
  version,
  out: process.stdout,
  err: process.stderr,
  in: process.stdin,
  env: process.env,
  settings: settingOptions(),
  loadConfig: (flags) => loadConfig({ flags }),
  datasetFiles: (folder) => new DatasetFolder(folder, compileRe2),
  pipelineFiles: (folder) => new PipelineFolder(folder, SOURCE_KINDS, JOBS),
  startOwnServer: async (flags, changesNothing) => (await serverModule()).startOwnServer(flags, changesNothing),
  runServer: async (flags) => (await serverModule()).runServer(flags),
  runWorker: async (flags, server) => (await serverModule()).runWorker(flags, server),
  draftPipeline: async (flags, folder, request) => {
    const { draftPipeline } = await import('../../init-pipeline.ts');
    return draftPipeline(loadConfig({ flags }), folder, request);
  },
  restore: async (flags, from, replace) => {
    const { dataDir, dbEngine } = loadConfig({ flags });
    const restore = STORE_RESTORERS[dbEngine];
    if (restore === undefined)
      throw new DataForgeError('invalid_configuration', `DB_ENGINE ${dbEngine} keeps no store.`);
    return restore({ dataDir, from, replace, now: new Date() });
  },
  migrate: async (flags, from, to, options) => {
    const { migrateBetween } = await import('../../migrate-between.ts');
    return migrateBetween(loadConfig({ flags }), from, to, options);
  },
  readColumns,
  convert: async (from, to) => {
    const kind = fileKind(from);
    const { convertFile } = await import('#adapters/storage/duckdb/duckdb-convert.ts');
    return convertFile({ path: from, ...kind }, { path: to, ...fileKind(to) }, await columnsOf(from, kind));
  },
};

/** Read only where it is needed: a command that talks to a running server starts sooner without. */
function serverModule() {
  return import('../../main.ts');
}

async function readColumns(path: string, { format, coding }: FileKind): Promise<readonly FoundColumn[]> {
  if (format === 'parquet') {
    const { readParquetColumns } = await import('#adapters/storage/duckdb/duckdb-convert.ts');
    return readParquetColumns(path);
  }
  const { readArrowColumns } = await import('#formats/arrow/arrow-columns.ts');
  return readArrowColumns(openDecoded(path, coding));
}

/** The types of a file's columns; Parquet tells its own when it is read. */
async function columnsOf(path: string, kind: FileKind): Promise<readonly FoundColumn[]> {
  if (kind.format === 'parquet') return [];
  return kind.format === 'arrow'
    ? readColumns(path, kind)
    : inferColumns(openDecoded(path, kind.coding), kind.format, 'row');
}

const breakOff = new AbortController();
process.once('SIGINT', () => breakOff.abort());
// A reader that closes the pipe early (head) is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCli(process.argv.slice(2), host, breakOff.signal);
