import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FileFault } from '#application/ports/described-files.ts';
import { DataForgeError } from '#domain/errors.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { DatasetFolder } from './dataset-folder.ts';
import { formatFault, isDescribingFile } from './described-folder.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-datasets-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function put(files: Readonly<Record<string, string>>): Promise<DatasetFolder> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return new DatasetFolder(folder, compileRe2);
}

/** What is wrong, as a compiler would print it. */
async function faultsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const error = await (await put(files)).load().catch((thrown) => thrown);
  expect(error).toBeInstanceOf(DataForgeError);
  expect(error.code).toBe('invalid_dataset_file');
  return (error.details.faults as FileFault[]).map(formatFault);
}

test('YAML, JSON and TypeScript files are read alike, in the order of their names', async () => {
  const files = await put({
    'c.yaml': 'name: c\nproperties:\n  - name: x\n    type: integer\n    default: 9007199254740993\n',
    'b.json': '{"name": "b", "properties": [{"name": "x", "type": "integer", "default": 9007199254740993}]}',
    'a.ts':
      'const n: bigint = 9007199254740993n;\nexport default { name: "a", properties: [{ name: "x", type: "integer", default: n }] };\n',
    'README.md': '# not a dataset',
    'dataset-file.schema.json': '{}',
    '.hidden.yaml': ':',
  });
  const { datasets, hash } = await files.load();
  expect(datasets.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(datasets.map(({ properties }) => properties[0]?.default)).toEqual(Array(3).fill(9007199254740993n));
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(await files.read()).toEqual(datasets);
});

test('YAML keeps the digits of a number, and the words yes and no', async () => {
  const files = await put({
    'a.yaml':
      'name: a\nproperties:\n' +
      '  - {name: d, type: number, db_type: "DECIMAL(20,4)", default: 1234567890123456.7000}\n' +
      '  - {name: n, type: string, default: no}\n' +
      '  - {name: t, type: string, db_type: DATE, default: 2024-01-31}\n' +
      '  - {name: h, type: integer, default: 0x10}\n',
  });
  const [dataset] = await files.read();
  expect(dataset?.properties.map((property) => property.default)).toEqual([
    '1234567890123456.7000',
    'no',
    '2024-01-31',
    16n,
  ]);
});

test('every fault of every file is told with its place', async () => {
  expect(
    await faultsOf({
      'a.yaml': 'name: a\ntabel_name: x\nproperties:\n  - name: x\n    type: text\n  - name: y\n',
      'b.json': '{\n  "name": "b",\n  "properties": [{"name": "x",\n    "type": "integer", "minimum": "low"}]\n}',
      'c.yaml': 'name: [c\nproperties: {',
      'd.json': '{"name": "d",}',
      'e.ts': 'export const nothing = 1;\n',
      'f.yaml': 'name: A\nproperties: [{name: x, type: string}]\n',
    }),
  ).toEqual([
    expect.stringMatching(/^a\.yaml:2:1: The dataset may not have "tabel_name" \(did you mean "table_name"\?\)/),
    expect.stringMatching(/^a\.yaml:5:5: Property "x": type "text" is not known/),
    expect.stringMatching(/^a\.yaml:6:5: Property "y" needs a type/),
    expect.stringMatching(/^b\.json:4:24: Property "x": minimum must be an integer/),
    expect.stringMatching(/^c\.yaml:2:1: It is not YAML/),
    expect.stringMatching(/^c\.yaml:2:14: It is not YAML/),
    expect.stringMatching(/^d\.json:1:14: It is not JSON: expected a member name/),
    expect.stringMatching(/^e\.ts: It exports no dataset; write: export default/),
    expect.stringMatching(/^f\.yaml:1:1: The dataset "A" is also defined in a\.yaml/),
  ]);
});

test('a member named twice is shown at its second place', async () => {
  const [fault] = await faultsOf({ 'a.yaml': 'name: a\nproperties: [{name: x, type: string}]\nname: b\n' });
  expect(fault).toMatch(/^a\.yaml:3:1: The dataset has "name" twice/);
});

test('two datasets cannot have one table', async () => {
  const [fault] = await faultsOf({
    'a.yaml': 'name: a\nproperties: [{name: x, type: string}]\n',
    'b.yaml': 'name: b\ntable_name: A\nproperties: [{name: x, type: string}]\n',
  });
  expect(fault).toBe('b.yaml:2:1: The table "A" is also defined in a.yaml; give one of them another table_name');
});

test.each([
  ['a: &a [*a]', 'nest deeper'],
  ['name: a\nproperties: [{name: x, type: number, default: .inf}]', '.inf is no value that a dataset can hold'],
  ['? [a]\n: b', 'The name of a member must be a text'],
  ['- a', 'A dataset file must be an object'],
  ['', 'A dataset file must be an object with name and properties, not null'],
])('the YAML %j is refused', async (text, reason) => {
  expect((await faultsOf({ 'a.yaml': text }))[0]).toContain(reason);
});

test('a file that is not UTF-8 is refused', async () => {
  await writeFile(join(folder, 'a.yaml'), Buffer.from([0x6e, 0xff, 0xfe]));
  expect((await faultsOf({}))[0]).toContain('a.yaml: It is not UTF-8');
});

test('a changed TypeScript file is read again, and the hash tells', async () => {
  const text = (name: string) => `export default { name: '${name}', properties: [{ name: 'x', type: 'string' }] };\n`;
  const files = await put({ 'a.ts': text('first') });
  const before = await files.load();
  await put({ 'a.ts': text('second') });
  const after = await files.load();
  expect(after.datasets[0]?.name).toBe('second');
  expect(after.hash).not.toBe(before.hash);
});

test('an empty folder has no datasets; one that is not there is told', async () => {
  expect((await (await put({})).load()).datasets).toEqual([]);
  await expect(new DatasetFolder(join(folder, 'none'), compileRe2).load()).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('DATASETS_DIR'),
  });
});

test('a change is told once, a file that is no dataset not at all', async () => {
  const files = await put({ 'a.yaml': 'name: a' });
  let calls = 0;
  const close = files.watch(() => calls++);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(300);
  await put({ 'notes.txt': 'x' });
  await pause(400);
  expect(calls).toBe(0);
  await put({ 'a.yaml': 'name: bb', 'b.yaml': 'name: b' });
  await expect.poll(() => calls, { timeout: 5000 }).toBe(1);
  await rm(join(folder, 'b.yaml'));
  await expect.poll(() => calls, { timeout: 5000 }).toBe(2);
  close();
  await put({ 'c.yaml': 'name: c' });
  await pause(400);
  expect(calls).toBe(2);
});

test.each([
  ['a.yaml', true],
  ['a.YAML', false],
  ['a.yml', true],
  ['a.mts', true],
  ['a.d.ts', false],
  ['a.test.ts', false],
  ['_draft.yaml', false],
])('%s is a dataset file: %s', (name, verdict) => {
  expect(isDescribingFile(name)).toBe(verdict);
});
