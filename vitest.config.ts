import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One copy of the library, that which Node itself loads; a bundler would take its other one beside.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    // A process for each file: native engines, signals and environment variables stay apart.
    pool: 'forks',
    isolate: true,
    // By default one core is left idle; tests wait for servers more than they compute.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default'],
    // What the server logs while a test runs is shown only where the test fails.
    silent: 'passed-only',
  },
});
