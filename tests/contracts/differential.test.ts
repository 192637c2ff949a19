import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { POSTGRES_MISSING, startPostgresServer } from '../support/postgres-server.ts';
import { anyStory } from './differential/any-story.ts';
import { SideBySide } from './differential/side-by-side.ts';
import type { Story } from './differential/story.ts';
import { Teller } from './differential/tell-story.ts';

/** How many stories are told; without it, as many as a minute has room for. */
const RUNS = process.env.FORGE_TEST_STORIES;
/** To tell the same stories again. */
const SEED = process.env.FORGE_TEST_SEED;
/** Stories that one set of stores lives through; each has datasets of its own. */
const STORIES_A_WORLD = 20;

const server = POSTGRES_MISSING === null ? await startPostgresServer() : null;
let world: SideBySide | null = null;
let told = 0;
/** The last story, which goes on where the time is up in the middle of it. */
let last: Promise<void> = Promise.resolve();

afterAll(async () => {
  await last.catch(() => {});
  await world?.dispose();
  await server?.dispose();
}, 60_000);

async function forget(): Promise<void> {
  const old = world;
  world = null;
  await old?.dispose();
}

async function tell(story: Story): Promise<void> {
  if (told % STORIES_A_WORLD === 0) await forget();
  world ??= await SideBySide.open(server);
  try {
    await new Teller(world, story, `story ${told++}`).tell(story.steps);
  } catch (error) {
    // What the stores hold now is no longer the same.
    await forget();
    throw error;
  }
}

test('all engines live the same story alike', { timeout: 24 * 3_600_000 }, async () => {
  const bounds = RUNS === undefined ? { numRuns: 1000, interruptAfterTimeLimit: 60_000 } : { numRuns: Number(RUNS) };
  await fc.assert(
    fc.asyncProperty(anyStory, (story) => {
      last = tell(story);
      return last;
    }),
    {
      ...bounds,
      endOnFailure: process.env.FORGE_TEST_SHRINK !== '1',
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    },
  );
  expect(told).toBeGreaterThan(0);
});
