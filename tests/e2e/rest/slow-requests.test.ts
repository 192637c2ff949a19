import { describe, expect, test } from 'vitest';
import { ENGINES, startServer } from './support/server.ts';

describe.each(ENGINES)('the log of slow requests over %s', (engine) => {
  test.each([
    ['a page', '/records/wells?sort=%5B%7B%22field%22%3A%22oil%22%7D%5D', 'ORDER.BY|Sort'],
    ['a count', '/records/wells/count', 'SCAN'],
    ['a stream', '/records/wells/stream', 'SCAN'],
  ])('%s is logged with what was asked and how the engine went about it', async (_, path, step) => {
    const lines: string[] = [];
    const env = { SLOW_REQUEST_MS: '0', LOG_LEVEL: 'warn' };
    const server = await startServer(engine, { env, log: (line) => lines.push(line) });
    try {
      expect((await server.get(path)).status).toBe(200);
      await expect.poll(() => lines.length).toBe(1);
      const logged = JSON.parse(lines[0] ?? '');
      expect(logged).toMatchObject({ msg: 'slow request', status: 200, dataset: 'wells', plan: expect.anything() });
      if (engine === 'memory') expect(logged.engine).toBeNull();
      else expect(logged.engine).toMatch(new RegExp(`${step}|TOP_N`, 'i'));
    } finally {
      await server.close();
    }
  });
});
