import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FollowedGuide } from './support/followed-guide.ts';

let guide: FollowedGuide;

beforeAll(async () => {
  guide = await FollowedGuide.follow('docs/guides/add-a-job.md');
}, 60_000);

afterAll(() => guide.dispose());

test('the server does the new job, and says so in the log of its run', { timeout: 60_000 }, async () => {
  const files = { 'n.yaml': 'name: n\nproperties:\n  - {name: v, type: number}\n' };
  await guide.serving(files, { PIPELINES_DIR: 'pipelines' }, async (url) => {
    const answer = await fetch(`${url}/api/v1/pipelines/alive/runs?wait_ms=30000`, { method: 'POST' });
    const run = (await answer.json()) as { readonly log: readonly { readonly message: string }[] };
    expect(run).toMatchObject({ state: 'succeeded', error: null });
    const alive = JSON.parse(await readFile(join(guide.folder, 'pipelines', 'alive.json'), 'utf8'));
    expect(alive).toEqual({ at: expect.stringMatching(/^\d{4}-.*Z$/), head: expect.any(Number) });
    expect(run.log[1]?.message).toBe(`the store answers at change ${alive.head}`);
  });
});
