import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes minutes, so that no core is left with one of these at the end; by themselves small files come last. */
const LONGEST = [
  'tests/e2e/durability/duckdb.test.ts',
  'tests/contracts/migrations',
  'tests/docs/guides.test.ts',
  'tests/e2e/pipelines/init.test.ts',
  'tests/e2e/pipelines/workers.test.ts',
  'tests/contracts/differential.test.ts',
  'tests/e2e/durability/',
  'tests/e2e/migrate.test.ts',
  'tests/contracts/duckdb-roads.test.ts',
  'tests/contracts/sqlite',
  'tests/e2e/pipelines/',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((part) => moduleId.includes(part));
      return place < 0 ? LONGEST.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

export default defineConfig({
  // One copy of the library, that which Node itself loads; a bundler would take its other one beside.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    sequence: { sequencer: LongestFirst },
    // A process for each file: native engines, signals and environment variables stay apart.
    pool: 'forks',
    isolate: true,
    // By default one core is left idle; tests wait for servers, leases and clocks as much as they compute.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default'],
    // What the server logs while a test runs is shown only where the test fails.
    silent: 'passed-only',
  },
});
