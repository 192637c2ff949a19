import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PYTHON = process.env.FORGE_TEST_PYTHON ?? 'python3';
const PROGRAM = join(dirname(PYTHON), 'roapi');
const REQUIRED = process.env.FORGE_REQUIRE_CLIENTS === '1';

/** Why ROAPI is left out; null where it is installed, or has to be. */
export const ROAPI_MISSING: string | null =
  existsSync(PROGRAM) || REQUIRED
    ? null
    : 'left out: roapi is not installed beside the Python that FORGE_TEST_PYTHON names';

/** ROAPI (https://github.com/roapi/roapi): a server of Flight SQL that is not ours, over files. */
export class Roapi {
  /** Where it speaks Flight SQL. */
  readonly port: number;
  readonly #http: number;
  readonly #tables: readonly string[];
  #child: ChildProcess | null = null;

  private constructor(port: number, http: number, tables: readonly string[]) {
    this.port = port;
    this.#http = http;
    this.#tables = tables;
  }

  /** @param tables each `name=path`; the files are read by `restart` */
  static async prepare(tables: readonly string[]): Promise<Roapi> {
    return new Roapi(await freePort(), await freePort(), tables);
  }

  /** Starts it on the same port as before, with the files as they are now. */
  async restart(): Promise<void> {
    await this.stop();
    const tables = this.#tables.flatMap((table) => ['--table', table]);
    const addresses = ['--addr-http', `127.0.0.1:${this.#http}`, '--addr-flight-sql', `127.0.0.1:${this.port}`];
    const child = spawn(PROGRAM, [...tables, ...addresses], { stdio: 'ignore' });
    this.#child = child;
    let missing: Error | null = null;
    child.once('error', (error) => {
      missing = error;
    });
    for (let tries = 0; tries < 600; tries++) {
      if (missing !== null) throw new Error('roapi must be installed here', { cause: missing });
      if (child.exitCode !== null) throw new Error('roapi has ended');
      const answer = await fetch(`http://127.0.0.1:${this.#http}/health`).catch(() => null);
      if (answer?.ok) return;
      await sleep(50);
    }
    throw new Error('roapi does not answer');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child?.pid === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/** A port that no connection gets by chance while the server is away for a moment: below those that systems give out. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
}
