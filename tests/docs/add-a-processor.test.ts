import { afterAll, beforeAll, expect, test } from 'vitest';
import { FollowedGuide } from './support/followed-guide.ts';

let guide: FollowedGuide;

beforeAll(async () => {
  guide = await FollowedGuide.follow('docs/guides/add-a-processor.md');
}, 60_000);

afterAll(() => guide.dispose());

test('the new processor passes its contract', { timeout: 60_000 }, async () => {
  expect(await guide.test('tests/contracts/plain-processor.test.ts')).toBe(16);
});

test('the server computes with it what it does, and with the default what it lacks', { timeout: 60_000 }, async () => {
  const files = { 'n.yaml': 'name: n\nproperties:\n  - {name: v, type: number}\n' };
  await guide.serving(files, { DATA_PROCESSOR_ENGINE: 'plain' }, async (url) => {
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
  });
});
