import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../src/presentation/cli/main.ts', import.meta.url));

/** `forge worker` in a process of its own, that can be killed. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  #output = '';

  /** @param env what it is set to besides the environment of the tests */
  constructor(server: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [CLI, 'worker', '--server', server], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk;
      });
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it has printed. */
  get output(): string {
    return this.#output;
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}
