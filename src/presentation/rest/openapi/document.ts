import type { Dataset } from '#domain/dataset/dataset.ts';
import { writeJson } from '#domain/record/json.ts';
import type { RestLimits } from '../rest-options.ts';
import { ANALYSIS_PATHS } from './analysis-paths.ts';
import { COMMON_SCHEMAS, datasetSchemas } from './components.ts';
import { type DatasetExample, inventExample } from './example.ts';
import { type Tree, toJson } from './json-tree.ts';
import { PIPELINE_PATHS } from './pipeline-paths.ts';
import { readPaths } from './read-paths.ts';
import { SERVICE_PATHS } from './service-paths.ts';
import { createPaths, writePaths } from './write-paths.ts';

export interface OpenApiFacts {
  readonly datasets: readonly Dataset[];
  /** Real records, by dataset, where there are any. */
  readonly examples: ReadonlyMap<string, DatasetExample>;
  readonly version: string;
  readonly limits: RestLimits;
}

/** The OpenAPI 3.1 document of what is served now, as JSON. */
export function openApiDocument({ datasets, examples: real, version, limits }: OpenApiFacts): string {
  const examples = new Map(datasets.map((dataset) => [dataset.name, real.get(dataset.name) ?? inventExample(dataset)]));
  const writable = datasets.filter(({ system }) => !system);
  const paths: Record<string, Tree> = { ...(writable.length === 0 ? {} : createPaths(writable, examples)) };
  for (const dataset of datasets) {
    const example = examples.get(dataset.name) ?? inventExample(dataset);
    const reading = readPaths(dataset, example, limits);
    const writing = dataset.system ? {} : writePaths(dataset, example);
    for (const path of new Set([...Object.keys(reading), ...Object.keys(writing)])) {
      paths[path] = { ...reading[path], ...writing[path] };
    }
  }
  const schemas = Object.assign({}, COMMON_SCHEMAS, ...datasets.map(datasetSchemas));
  return writeJson(
    toJson({
      openapi: '3.1.0',
      info: {
        title: 'Data Forge',
        version,
        description:
          'Datasets described by files, with storage, validation and these addresses for each. [Errors](/docs/errors) have a page of their own.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      // Relative to the page that shows it, which then writes out whole addresses.
      servers: [{ url: '/' }],
      tags: [
        { name: 'Schemas' },
        { name: 'Write' },
        { name: 'SQL' },
        { name: 'Analysis' },
        { name: 'Pipelines' },
        ...datasets.map(({ name, description }) => ({ name, description })),
        { name: 'Administration' },
        { name: 'Service' },
      ],
      security: [{ token: [] }, {}],
      paths: { ...paths, ...ANALYSIS_PATHS, ...PIPELINE_PATHS, ...SERVICE_PATHS },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas },
    }),
  );
}
