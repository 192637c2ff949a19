import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STORAGE_ENGINES } from '#adapters/storage/registry.ts';
import { EXAMPLES_DIR, loadConfig } from '#config';
import { createLogger } from '#infrastructure/logging.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { type App, createApp } from '../../src/app.ts';
import { POSTGRES_MISSING, startPostgresServer } from '../support/postgres-server.ts';
import { pageText, tableUnder } from './support/pages.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-reference-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the table of endpoints', () => {
  const documented = tableUnder('docs/reference/api.md', 'Endpoints').map(([method, address]) => {
    return `${method} ${address?.replaceAll('`', '')}`;
  });
  const pages = ['GET /docs', 'GET /docs/errors'];
  let app: App;
  let url: string;

  beforeAll(async () => {
    const flags = {
      DATA_DIR: folder,
      DATASETS_DIR: `${EXAMPLES_DIR}/datasets`,
      DB_ENGINE: 'memory',
      PORT: '0',
      FLIGHT_PORT: '0',
    };
    app = await createApp(loadConfig({ flags, env: {} }), {
      logger: await createLogger({ level: 'silent', pretty: false }),
    });
    url = await app.listen();
  });

  afterAll(() => app.close());

  test('is what the OpenAPI document has', async () => {
    const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, operations]) => {
      // A dataset with a natural key has every address there is.
      const address = path.replace('/records/seattle_weather', '/records/{schema}');
      if (/\/records\/(?!bulk$|\{schema\})./.test(address)) return [];
      return Object.keys(operations).map((method) => `${method.toUpperCase()} ${address}`);
    });
    expect(documented.toSorted()).toEqual([...described, ...pages].sort());
  });

  test.each(documented)('%s is there', async (endpoint) => {
    const [method = '', address = ''] = endpoint.split(' ');
    const path = address.replaceAll(/\{schema\}|\{name\}/g, 'seattle_weather').replace('{id}', crypto.randomUUID());
    const response = await fetch(url + path, { method });
    const isEndless = response.headers.get('content-type') === 'text/event-stream';
    if (isEndless) await response.body?.cancel();
    const text = isEndless ? '' : await response.text();
    expect(text).not.toContain('"code":"unknown_route"');
    expect(response.status).not.toBe(405);
  });

  test('the table of figures is what the server counts', async () => {
    const figures = tableUnder('docs/guides/run-it-as-a-service.md', 'Health and figures').flatMap(([names]) =>
      [...(names ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    const text = await (await fetch(`${url}/metrics`)).text();
    const counted = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name ?? '');
    expect(figures.toSorted()).toEqual(counted.filter((name) => !/^data_forge_(?:process|nodejs)_/.test(name)).sort());
  });
});

test('the table of engines is what the engines say of themselves', async () => {
  const names = Object.keys(STORAGE_ENGINES) as (keyof typeof STORAGE_ENGINES)[];
  const server = POSTGRES_MISSING === null ? await startPostgresServer() : null;
  const rows: string[][] = [];
  for (const name of names) {
    if (name === 'postgres' && server === null) continue;
    const engine = await STORAGE_ENGINES[name]({
      dataDir: join(folder, name),
      memoryBytes: 256e6,
      threads: 1,
      compilePattern: compileRe2,
      gate: { run: (_signal, work) => work() },
      databaseUrl: server?.url ?? '',
      databaseConnections: 5,
    });
    const { durable, sharedByInstances, rendersNatively, dialect } = engine.capabilities;
    await engine.maintenance.close();
    const said = (yes: boolean) => (yes ? 'yes' : 'no');
    rows.push([
      `\`${name}\``,
      said(durable),
      said(sharedByInstances),
      rendersNatively.join(', ') || 'none',
      dialect ?? 'none',
    ]);
  }
  await server?.dispose();
  const shown = tableUnder('docs/reference/engines.md', 'Engines').filter(
    ([name]) => server !== null || name !== '`postgres`',
  );
  expect(shown.toSorted()).toEqual(rows.toSorted());
});

test('every format that a file may have is in the guide', async () => {
  const { MEDIA_TYPES } = await import('#presentation/cli/files.ts');
  const guide = pageText('docs/guides/load-and-export.md');
  expect(Object.values(MEDIA_TYPES).filter((type) => !guide.includes(type))).toEqual([]);
});

test('the table of processors is what the processors say of themselves', async () => {
  const { PROCESSORS } = await import('#adapters/processing/registry.ts');
  const { OPERATION_NAMES } = await import('#domain/analysis/analysis.ts');
  const nowhere = {
    open: async () => {
      throw new Error('nothing is computed here');
    },
  };
  const rows: string[][] = [];
  for (const [name, open] of Object.entries(PROCESSORS)) {
    const options = { stored: null, loaded: nowhere, duckDbVersion: '1', memoryBytes: 256e6, threads: 1 };
    const processor = await open(options);
    const lacks = OPERATION_NAMES.filter((operation) => processor.lackOf(operation) !== null);
    await processor.close();
    rows.push([`\`${name}\``, lacks.join(', ') || 'nothing']);
  }
  expect(tableUnder('docs/reference/processors.md', 'Processors')).toEqual(rows);
});

describe('every kind of source', () => {
  test('has a page with every key that it takes', async () => {
    const { SOURCE_KINDS } = await import('#adapters/sources/registry.ts');
    for (const { kind, options } of SOURCE_KINDS) {
      const documented = tableUnder(`docs/reference/source-${kind}.md`, `The source \`${kind}\``);
      expect(documented.map(([key]) => key)).toEqual(Object.keys(options).map((key) => `\`${key}\``));
    }
  });
});

test('every kind of job has a table with every key that it takes', async () => {
  const { JOBS } = await import('#adapters/jobs/registry.ts');
  for (const { kind, options } of JOBS) {
    const documented = tableUnder('docs/reference/jobs.md', `The job \`${kind}\``);
    expect(documented.map(([key]) => key)).toEqual(Object.keys(options).map((key) => `\`${key}\``));
  }
});

test('the tables of a pipeline file are what its reader takes', async () => {
  const { SOURCE_KINDS } = await import('#adapters/sources/registry.ts');
  const { JOBS } = await import('#adapters/jobs/registry.ts');
  const { pipelineFileSchema } = await import('#domain/pipeline/pipeline-file.ts');
  // biome-ignore lint/suspicious/noExplicitAny: a schema has any shape
  const { properties } = pipelineFileSchema(SOURCE_KINDS, JOBS) as any;
  const keys = (schema: { properties: object }) =>
    Object.keys(schema.properties)
      .map((key) => `\`${key}\``)
      .sort();
  const documented = (heading: string) => {
    return tableUnder('docs/reference/pipeline-files.md', heading)
      .map(([key]) => key ?? '')
      .sort();
  };
  expect(documented('The pipeline')).toEqual(keys({ properties }));
  expect(documented('The target')).toEqual(keys(properties.target.anyOf?.[0] ?? properties.target));
  expect(documented('The schedule')).toEqual(keys(properties.schedule.anyOf?.[0] ?? properties.schedule));
  expect(documented('Retry')).toEqual(keys(properties.retry));
});
