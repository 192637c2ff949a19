import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../rest/support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer('memory');
});

afterAll(() => server.close());

test.each(serverAudits({ url: () => server.urlOf('//graphql'), fetchFn: fetch }))(
  'the audit of GraphQL over HTTP: $id $name',
  async (audit) => {
    const result = await audit.fn();
    expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok');
  },
);
