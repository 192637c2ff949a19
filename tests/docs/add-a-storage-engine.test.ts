import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STORAGE_ENGINES } from '#adapters/storage/registry.ts';
import { SCENARIO_FILES, walkMainScenario } from '../e2e/support/main-scenario.ts';
import { FollowedGuide } from './support/followed-guide.ts';

let guide: FollowedGuide;

beforeAll(async () => {
  guide = await FollowedGuide.follow('docs/guides/add-a-storage-engine.md');
}, 60_000);

afterAll(() => guide.dispose());

test('the new engine passes the contract', { timeout: 120_000 }, async () => {
  expect(await guide.test('tests/contracts/toy.test.ts')).toBeGreaterThan(100);
});

test('the server does on it what it does on the others, and says so', { timeout: 60_000 }, async () => {
  await guide.serving(SCENARIO_FILES, { DB_ENGINE: 'toy' }, async (url) => {
    expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({ engine: 'toy' });
    await walkMainScenario(url);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'data_forge_info{engine="toy",processor="duckdb"} 1',
    );
  });
});

test('every engine of the registry has its runs of the contract', () => {
  const files = Object.keys(STORAGE_ENGINES).flatMap((name) => [name, `${name}-oracle`, `${name}-roads`]);
  const isThere = (name: string) => existsSync(new URL(`../contracts/${name}.test.ts`, import.meta.url));
  expect(files.filter((name) => !isThere(name))).toEqual([]);
});
