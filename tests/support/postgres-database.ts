import { randomUUID } from 'node:crypto';
import { afterAll, describe, test } from 'vitest';
import { onServer, POSTGRES_MISSING, type PostgresServer, startPostgresServer } from './postgres-server.ts';

export { POSTGRES_MISSING };

let server: Promise<PostgresServer> | null = null;

afterAll(async () => {
  await (await server)?.dispose();
});

/** Where there can be no server, a test that says so by its name stands for those that are left out. */
export function describeLeftOut(): void {
  if (POSTGRES_MISSING !== null)
    describe.skip(`all that is above over postgres`, () => test(POSTGRES_MISSING ?? '', () => {}));
}

/** A database of its own, on a server that the tests of a file share and that is gone with them. */
export async function createTestDatabase(): Promise<{ readonly url: string; readonly dispose: () => Promise<void> }> {
  server ??= startPostgresServer();
  const { url } = await server;
  const name = `test_${randomUUID().slice(0, 8)}`;
  await onServer(url, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`));
  const dispose = () => onServer(url, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  return {
    url: String(Object.assign(new URL(url), { pathname: `/${name}` })),
    dispose: async () => void (await dispose()),
  };
}
