import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JOBS } from '#adapters/jobs/registry.ts';
import { SOURCE_KINDS } from '#adapters/sources/registry.ts';
import type { FileFault } from '#application/ports/described-files.ts';
import { datasetFromDescription } from '#domain/dataset/describe-dataset.ts';
import { parsePipeline } from '#domain/pipeline/parse-pipeline.ts';
import { pipelineFileSchema } from '#domain/pipeline/pipeline-file.ts';
import { jsonFrom } from '#domain/record/json.ts';
import { formatFault } from './described-folder.ts';
import { PipelineFolder } from './pipeline-folder.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-pipelines-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(files: Readonly<Record<string, string>>): Promise<PipelineFolder> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return new PipelineFolder(folder, SOURCE_KINDS, JOBS);
}

async function faultsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const error = await (await put(files)).read().catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'invalid_pipeline_file' });
  return (error.details.faults as FileFault[]).map(formatFault);
}

const SOURCE = 'source: {kind: files, path: inbox}';

test('a file says no more than it must, and the rest has defaults', async () => {
  const files = await put({ 'a.yaml': `name: a\n${SOURCE}\ntarget: {dataset: sales}\n` });
  expect(await files.read()).toEqual([
    {
      kind: 'rows',
      name: 'a',
      description: '',
      source: { kind: 'files', options: { path: 'inbox', format: null, changed: 'again' } },
      transform: null,
      target: { dataset: 'sales', mode: 'append', contract: 'freeze', quarantine: null },
      schedule: null,
      retry: { attempts: 5, wait: 1000, most: 300_000 },
      timeout: 6 * 3600_000,
      alerts: [],
    },
  ]);
});

test('YAML, JSON and TypeScript say the same; only TypeScript has functions', async () => {
  const json = JSON.stringify({
    name: 'b',
    source: { kind: 'files', path: 'x' },
    transform: 'SELECT 1',
    target: { dataset: 'd', mode: 'upsert', contract: 'quarantine', quarantine: 'q' },
    schedule: { cron: '0 6 * * 1-5', zone: 'Europe/Oslo', catch_up: 'none', jitter: '30s' },
    retry: { attempts: 3, wait: '2s' },
    timeout: '10m',
    alerts: { webhook: 'https://alerts.example/x' },
  });
  const files = await put({
    'b.json': json,
    'c.ts': `export default { ...${json}, name: 'c', transform: (rows: object[]) => rows };\n`,
  });
  const [b, c] = await files.read();
  expect(b).toMatchObject({
    transform: { kind: 'sql', sql: 'SELECT 1' },
    schedule: {
      trigger: { kind: 'cron', cron: '0 6 * * 1-5', zone: 'Europe/Oslo' },
      catchUp: 'none',
      jitter: 30_000,
      paused: false,
    },
    retry: { attempts: 3, wait: 2000, most: 300_000 },
    timeout: 600_000,
    alerts: [{ webhook: 'https://alerts.example/x', on: ['failed', 'recovered'] }],
  });
  expect(c).toEqual({ ...b, name: 'c', transform: { kind: 'function', run: expect.any(Function) } });
});

test('every fault of every file is told with its place', async () => {
  const faults = await faultsOf({
    'a.yaml': `name: a\nsource:\n  kind: file\ntarget:\n  dataset: x\n  mode: upsrt\ntimout: 5\n`,
    'b.yaml': `name: _b\nsource:\n  kind: files\n  pth: x\ntarget: {dataset: x, contract: quarantine}\nretry: {wait: 5}\n`,
    'c.yaml': `name: c\n${SOURCE}\ntarget: {dataset: x}\nschedule:\n  cron: 0 6 * * *\n  every: 5m\nalerts:\n  - webhook: ftp://x\n`,
    'd.yaml': `name: C\n${SOURCE}\ntarget: {dataset: x}\nschedule: {cron: "0 6 * * *", zone: Mars/Base}\n`,
    'f.yaml': `name: f\n${SOURCE}\ntarget: {dataset: forge_runs}\nschedule: {on_change: forge_runs}\n`,
    'e.ts': `export default { name: 'e', source: { kind: 'files', path: () => 'x' }, target: { dataset: 'x' } };\n`,
  });
  expect(faults).toEqual([
    expect.stringMatching(/^a\.yaml:3:3: source\.kind must be one of .*files.*, not "file" \(did you mean "files"\?\)/),
    expect.stringMatching(/^a\.yaml:6:3: target\.mode must be one of append, upsert, replace, not "upsrt"/),
    expect.stringMatching(/^a\.yaml:7:1: The file may not have "timout" \(did you mean "timeout"\?\)/),
    expect.stringMatching(/^b\.yaml:1:1: name "_b" must not begin with "_"/),
    expect.stringMatching(/^b\.yaml:2:1: source needs path/),
    expect.stringMatching(/^b\.yaml:4:3: source may not have "pth" \(did you mean "path"\?\)/),
    expect.stringMatching(/^b\.yaml:5:1: target has the contract quarantine; name the dataset/),
    expect.stringMatching(/^b\.yaml:6:9: retry\.wait must be a span of time like 500ms, 30s, .*, not a number/),
    expect.stringMatching(/^c\.yaml:4:1: schedule needs exactly one of .*, and has cron and every/),
    expect.stringMatching(/^c\.yaml:8:5: alerts\[0\]\.webhook must be an http address, not "ftp:\/\/x"/),
    expect.stringMatching(/^d\.yaml:4:1: schedule has the zone "Mars\/Base", which is no time zone/),
    expect.stringMatching(/^e\.ts: A function may stand at \/transform only, not at \/source\/path/),
    expect.stringMatching(/^e\.ts: source\.path must be a text, not an object/),
    expect.stringMatching(
      /^f\.yaml:3:1: target names the dataset "forge_runs", and a name must not begin with "forge_"/,
    ),
    expect.stringMatching(
      /^f\.yaml:4:1: schedule has the dataset "forge_runs" as on_change, and a name must not begin/,
    ),
    expect.stringMatching(/^d\.yaml:1:1: The pipeline "C" is also defined in c\.yaml/),
  ]);
});

test('no pipeline may begin itself without end', async () => {
  const faults = await faultsOf({
    'a.yaml': `name: a\n${SOURCE}\ntarget: {dataset: x}\nschedule:\n  on_change: x\n`,
    'b.yaml': `name: b\n${SOURCE}\ntarget: {dataset: x, mode: replace}\nschedule:\n  after: b\n`,
    'upserts.yaml': `name: c\n${SOURCE}\ntarget: {dataset: x, mode: upsert}\nschedule: {on_change: x}\n`,
  });
  expect(faults).toEqual([
    expect.stringMatching(/^a\.yaml:5:3: schedule\.on_change waits for changes of "x", which each run changes/),
    expect.stringMatching(/^b\.yaml:5:3: schedule\.after names the pipeline itself/),
  ]);
});

test('a job stands in the place of source and target, and every fault is told with its place', async () => {
  const files = await put({
    'a.yaml': 'name: a\njob: {kind: backup, folder: copies, keep: 3}\nschedule: {cron: 0 3 * * *}\n',
  });
  expect(await files.read()).toEqual([
    {
      kind: 'job',
      name: 'a',
      description: '',
      job: { kind: 'backup', options: { folder: 'copies', keep: 3 } },
      schedule: expect.objectContaining({ trigger: { kind: 'cron', cron: '0 3 * * *', zone: 'UTC' } }),
      retry: { attempts: 5, wait: 1000, most: 300_000 },
      timeout: 6 * 3600_000,
      alerts: [],
    },
  ]);
  await rm(join(folder, 'a.yaml'));
  const job = 'job: {kind: compact}\n';
  expect(
    await faultsOf({
      'a.yaml': `name: a\n${SOURCE}\n${job}target: {dataset: x}\n`,
      'b.yaml': 'name: b\nschedule: {every: 1d}\n',
      'c.yaml': `name: c\n${job}transform: SELECT 1\ntarget: {dataset: x}\n`,
      'd.yaml': 'name: d\njob:\n  kind: bakup\n',
      'e.yaml': 'name: e\njob:\n  kind: backup\n  folder: x\n  keep: 0\n',
      'f.yaml': `name: f\n${job}schedule: {on_files: 2s}\n`,
      'g.yaml': `name: g\n${SOURCE}\n`,
    }),
  ).toEqual([
    'a.yaml:3:1: The file has both source and job; leave out job to move rows, or source to have the job done',
    'b.yaml:1:1: The file needs source, where rows come from, or job, what the server is to do',
    'c.yaml:3:1: transform is about rows, and a job moves none; leave it out',
    'c.yaml:4:1: target is about rows, and a job moves none; leave it out',
    'd.yaml:3:3: job.kind must be one of backup, check, compact, export, trim_history, not "bakup" (did you mean "backup"?)',
    'e.yaml:5:3: job.keep must be a whole number from 1 to 100000, not 0',
    'f.yaml:3:12: schedule.on_files waits for files of a source, and the pipeline has a job; name another trigger',
    'g.yaml:1:1: The file needs target',
  ]);
  for (const name of 'abcdefg') await rm(join(folder, `${name}.yaml`));
  const about = await put({ 'a.yaml': 'name: a\njob:\n  kind: trim_history\n  older_than: 7d\n  dataset: sale\n' });
  const error = await about.read([]).catch((thrown) => thrown);
  expect((error.details.faults as FileFault[]).map(formatFault)).toEqual([
    'a.yaml:5:3: There is no dataset "sale"; GET /api/v1/schemas lists those there are',
  ]);
});

test('what an analysis is asked is checked with the datasets, in the words of the API', async () => {
  const properties = [
    { name: 'region', type: 'string' },
    { name: 'amount', type: 'number' },
  ];
  const sales = datasetFromDescription(jsonFrom({ name: 'sales', properties }));
  const analysis = (name: string, lines: string) =>
    `name: ${name}\nsource:\n  kind: analysis\n${lines}target: {dataset: sums}\n`;
  const files = {
    'a.yaml': analysis('a', '  dataset: sale\n  operation: group\n'),
    'b.yaml': analysis('b', '  dataset: sales\n  operation: groups\n'),
    'c.yaml': analysis(
      'c',
      '  dataset: sales\n  operation: group\n  parameters:\n    by:\n      - column: regio\n    mesures: []\n',
    ),
    'd.yaml': analysis(
      'd',
      '  dataset: sales\n  operation: summary\n  filters:\n    - {field: amount, operator: like, value: x}\n',
    ),
    'e.yaml': analysis('e', '  dataset: sales\n  operation: join\n  parameters:\n    with: region\n    on: []\n'),
    'f.yaml': analysis('f', '  dataset: sales\n  operation: join\n  parameters: []\n'),
    'g.yaml': analysis('g', '  dataset: sales\n  operation: group\n  parameters: {measures: [{function: count}]}\n'),
  };
  const folder = await put(files);
  const error = await folder.read([sales]).catch((thrown) => thrown);
  expect((error.details.faults as FileFault[]).map(formatFault)).toEqual([
    'a.yaml:4:3: There is no dataset "sale" (did you mean "sales"?); GET /api/v1/schemas lists those there are',
    expect.stringMatching(
      /^b\.yaml:5:3: source\.operation must be one of summary, group, .*, not "groups" \(did you mean "group"\?\)$/,
    ),
    expect.stringMatching(/^c\.yaml:6:3: "mesures" is not known here; the members are by, measures$/),
    expect.stringMatching(/^c\.yaml:8:9: .*"regio"/),
    expect.stringMatching(/^d\.yaml:7:.*like/),
    'e.yaml:7:5: There is no dataset "region"; GET /api/v1/schemas lists those there are',
    'f.yaml:6:3: source.parameters must be an object, not an array',
  ]);
  // Without the datasets nobody can tell.
  const alone = await folder.read().catch((thrown) => thrown);
  expect((alone.details.faults as FileFault[]).map(({ file }) => file)).toEqual(['b.yaml', 'f.yaml']);
});

const schema = pipelineFileSchema(SOURCE_KINDS, JOBS);
const accepts = new Ajv2020({ allowUnionTypes: true, strict: false }).compile(schema);

test('the published schema is the one in the code (node scripts/write-reference.ts makes it)', () => {
  const file = new URL('../../../docs/reference/pipeline-file.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(schema)));
});

const odd = fc.constantFrom<unknown>(
  null,
  true,
  5,
  -1,
  '',
  'x',
  '5m',
  'append',
  'forge_x',
  [],
  ['x'],
  {},
  { secret: 'A' },
);
const member = (names: readonly string[]) => fc.dictionary(fc.constantFrom(...names, 'typo'), odd, { maxKeys: 3 });
const anyFile = fc
  .record({
    top: member(['name', 'description', 'transform', 'job', 'target', 'timeout', 'schedule', 'retry', 'alerts']),
    source: member(['kind', 'path', 'format', 'changed', 'url', 'headers', 'paging']),
    target: member(['dataset', 'mode', 'contract', 'quarantine']),
    schedule: member(['cron', 'zone', 'every', 'after', 'on_change', 'catch_up', 'jitter', 'paused']),
    retry: member(['attempts', 'wait', 'most']),
    kind: fc.constantFrom(...SOURCE_KINDS.map(({ kind }) => kind)),
  })
  .map(({ top, source, target, schedule, retry, kind }) => ({
    name: 'a',
    source: { kind, path: 'x', url: 'http://h/', ...source },
    target: { dataset: 'd', ...target },
    ...(Object.keys(schedule).length > 0 && { schedule }),
    ...(Object.keys(retry).length > 0 && { retry }),
    ...top,
  }));

test('what the schema refuses, the reader refuses', () => {
  fc.assert(
    fc.property(anyFile, (file) => {
      if (accepts(file)) return;
      const parsed = parsePipeline({ json: jsonFrom(file), functions: new Map() }, SOURCE_KINDS, JOBS);
      expect(parsed.ok, JSON.stringify(accepts.errors)).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

test('every kind of source is in the schema, and says what it is', () => {
  for (const { kind, description, options } of SOURCE_KINDS) {
    expect([kind, description !== '', Object.keys(options).length > 0]).toEqual([kind, true, true]);
    expect(JSON.stringify(schema)).toContain(`"kind":{"const":"${kind}"}`);
  }
});
