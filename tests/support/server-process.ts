import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The real server in a process of its own, that can be killed. */
export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #output: () => string;

  private constructor(child: ChildProcess, url: string, output: () => string) {
    this.#child = child;
    this.url = url;
    this.#output = output;
  }

  /** Starts it on a free port; rejects with what it printed where it does not come up. */
  static async start(
    dataDir: string,
    datasetsDir: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const child = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        DATA_DIR: dataDir,
        DATASETS_DIR: datasetsDir,
        PORT: '0',
        FLIGHT_PORT: '0',
        LOG_LEVEL: 'warn',
        ...env,
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    }
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output}`);
      const address = await addressOf(dataDir, child.pid);
      if (address !== null) return new ServerProcess(child, address, () => output);
      await sleep(10);
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it has printed. */
  get output(): string {
    return this.#output();
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill(signal);
      await ended;
    }
    return this.#child.exitCode;
  }
}

async function addressOf(dataDir: string, pid: number | undefined): Promise<string | null> {
  try {
    const { address, pid: owner } = JSON.parse(await readFile(join(dataDir, 'server.json'), 'utf8'));
    return owner === pid ? address : null;
  } catch {
    return null;
  }
}
