import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../src/presentation/cli/main.ts', import.meta.url));

export interface Ended {
  /** null where it was killed. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line in a process of its own. */
export class ForgeCommand {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...env }, stdio: 'pipe' });
    this.ended = this.#collect();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async #collect(): Promise<Ended> {
    const text = { out: '', err: '' };
    this.#child.stdout?.on('data', (chunk) => {
      text.out += chunk;
    });
    this.#child.stderr?.on('data', (chunk) => {
      text.err += chunk;
    });
    const [code] = await once(this.#child, 'close');
    return { code, ...text };
  }
}

export function forge(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new ForgeCommand(args, env).ended;
}
