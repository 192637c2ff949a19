import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CliConfig } from './host.ts';

/** The first file in a folder begins an instance there, with a folder of datasets; elsewhere the files are where they are. */
export function datasetsFolder({ datasetsDir, servesExamples, ownDatasetsDir, dataDir }: CliConfig): string {
  return servesExamples && ownDatasetsDir !== null && !existsSync(dataDir) ? ownDatasetsDir : datasetsDir;
}

/** The folder of pipeline files that is configured, else the folder `pipelines` here. */
export function pipelinesFolder({ pipelinesDir, servesExamplePipelines }: CliConfig): string {
  return pipelinesDir === null || servesExamplePipelines ? resolve('pipelines') : pipelinesDir;
}
