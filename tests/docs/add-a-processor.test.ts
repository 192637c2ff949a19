import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fencesOf } from './support/guide.ts';
import { pageText } from './support/pages.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
let copy: string;

/** A copy of the project in which somebody has done what the guide says. */
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'data-forge-processor-'));
  for (const name of ['src', 'tests', 'package.json', 'vitest.config.ts', 'tsconfig.json']) {
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction');
  for (const { info, text } of fencesOf(pageText('docs/guides/add-a-processor.md'))) {
    const path = info.find((word) => word.startsWith('file='))?.slice('file='.length);
    if (path === undefined) continue;
    if (info[0] === 'diff') await applyDiff(text);
    else {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await writeFile(join(copy, path), text);
    }
  }
}, 60_000);

afterAll(() => rm(copy, { recursive: true, force: true, maxRetries: 3 }));

/** `--- FILE`, then a line that is there, then what stands before it, or in its place where both begin alike. */
async function applyDiff(text: string): Promise<void> {
  for (const part of text.split(/^--- /m).slice(1)) {
    const [file = '', known = '', added = ''] = part.split('\n');
    const path = join(copy, file.trim());
    const [before, after] = [known.slice(1), added.slice(1)];
    const source = await readFile(path, 'utf8');
    expect(source, file).toContain(`${before}\n`);
    const isReplaced = before.trim().slice(0, 8) === after.trim().slice(0, 8);
    await writeFile(path, source.replace(`${before}\n`, isReplaced ? `${after}\n` : `${after}\n${before}\n`));
  }
}

test('the new processor passes its contract', { timeout: 60_000 }, async () => {
  const vitest = join(copy, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [
    vitest,
    'run',
    'tests/contracts/plain-processor.test.ts',
    '--reporter=json',
    '--outputFile=report.json',
  ];
  await promisify(execFile)(process.execPath, args, { cwd: copy });
  const { success, numPassedTests } = JSON.parse(await readFile(join(copy, 'report.json'), 'utf8'));
  expect([success, numPassedTests]).toEqual([true, 16]);
});

test('the server computes with it what it does, and with the default what it lacks', { timeout: 60_000 }, async () => {
  await mkdir(join(copy, 'datasets'));
  await writeFile(join(copy, 'datasets', 'n.yaml'), 'name: n\nproperties:\n  - {name: v, type: number}\n');
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    DATASETS_DIR: 'datasets',
    PROTOCOLS: 'rest',
    LOG_FORMAT: 'json',
    DATA_PROCESSOR_ENGINE: 'plain',
  };
  const server = spawn(process.execPath, [join(copy, 'src', 'main.ts')], { cwd: copy, env });
  try {
    const url = await addressOf(server.stdout);
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
    };
    await post('/api/v1/records/bulk', { schema_name: 'n', data: [{ v: 1 }, { v: 2 }, { v: 10 }] });
    const median = { dataset_id: 'n', operation: 'quantiles', parameters: { probabilities: [0.5] } };
    expect(await post('/api/v1/analysis', median)).toMatchObject({ processor: 'plain', rows: [['v', 0.5, 2]] });
    expect(await post('/api/v1/analysis', { dataset_id: 'n', operation: 'group' })).toMatchObject({
      processor: 'duckdb',
      note: 'Computed by duckdb: plain does nothing but quantiles.',
      rows: [[3]],
    });
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
});

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of output) {
    text += chunk;
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    if (address !== undefined) return address;
  }
  throw new Error(`the server did not start:\n${text}`);
}
