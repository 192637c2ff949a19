import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SETTING_ENTRIES } from '../../../src/config/settings.ts';
import { type CommandLine, readCommands } from './command-lines.ts';
import { curl, hasCurl } from './curl.ts';
import { type Step, stepsOf } from './guide.ts';
import { matches, type Seen, withSeen } from './shown-output.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CLI = join(ROOT, 'src', 'presentation', 'cli', 'main.ts');
const SERVER = join(ROOT, 'src', 'main.ts');
/** The port that the pages name; the server of a test takes a free one. */
const SHOWN_PORT = '8080';
const PATIENCE_MS = 60_000;

/** Does what a page says, from its top to its end, in one folder of its own. */
export class Reader {
  readonly #folder: string;
  readonly #port: string;
  readonly #seen: Seen = new Map();
  #server: ChildProcess | null = null;
  /** What the last block of commands showed; where it started a server, that goes on. */
  #output: { text: string; isLive: boolean } = { text: '', isLive: false };

  private constructor(folder: string, port: string) {
    this.#folder = folder;
    this.#port = port;
  }

  /** @throws where a command ends otherwise than the page says, or shows something else */
  static async read(markdown: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'data-forge-guide-'));
    const reader = new Reader(folder, String(await freePort()));
    try {
      for (const step of stepsOf(markdown)) await reader.#take(step);
    } finally {
      await reader.#stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  async #take(step: Step): Promise<void> {
    try {
      if (step.kind === 'stop') await this.#stop();
      else if (step.kind === 'write') await this.#write(step.path, step.text);
      else if (step.kind === 'run') await this.#run(step.text, step.fails);
      else await this.#expect(step.text, step.isJson);
    } catch (error) {
      throw new Error(`line ${step.line}: ${(error as Error).message}`, { cause: error });
    }
  }

  async #write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.#folder, path)), { recursive: true });
    await writeFile(join(this.#folder, path), text);
  }

  async #run(block: string, fails: boolean): Promise<void> {
    this.#output = { text: '', isLive: false };
    for (const command of readCommands(withSeen(block, this.#seen))) {
      const failed = !(await this.#runOne(command));
      if (failed !== fails)
        throw new Error(`${command.words.join(' ')} ${failed ? 'failed' : 'did not fail'}:\n${this.#output.text}`);
    }
  }

  /** @returns whether the command did what it was told */
  async #runOne({ words, outputTo }: CommandLine): Promise<boolean> {
    const line = words.join(' ').replace(/^npm run -s forge --( |$)/, 'forge$1');
    if (line === 'npm start') return this.#start([SERVER]);
    const [name, ...args] = line.startsWith('forge ') ? ['forge', ...words.slice(words[0] === 'forge' ? 1 : 5)] : words;
    if (name === 'forge' && args[0] === 'start') return this.#start([CLI, ...args]);
    if (name === 'forge') return this.#spawn(process.execPath, [CLI, ...args], outputTo);
    const toHere = args.map((word) => word.replaceAll(`:${SHOWN_PORT}`, `:${this.#port}`));
    if (name === 'node') return this.#spawn(process.execPath, toHere, outputTo);
    if (name === 'curl') {
      if (hasCurl) return this.#spawn('curl', ['-sS', ...toHere], outputTo);
      this.#output.text += await curl(toHere, this.#folder);
      return true;
    }
    throw new Error(`the command ${name} is not known here`);
  }

  /** Both streams go to one file, so that what is seen has the order of a terminal. */
  async #spawn(program: string, args: readonly string[], outputTo: string | null): Promise<boolean> {
    const file = join(this.#folder, outputTo ?? '.output');
    const handle = openSync(file, 'w');
    const errors = outputTo === null ? handle : 'inherit';
    const child = spawn(program, args, { cwd: this.#folder, env: this.#env(), stdio: ['ignore', handle, errors] });
    closeSync(handle);
    const [code] = await once(child, 'exit');
    if (outputTo === null) this.#output.text += await readFile(file, 'utf8');
    return code === 0;
  }

  /** A server runs on while the page goes on; it is ready when it can be found. */
  async #start(args: readonly string[]): Promise<boolean> {
    const env = { ...this.#env(), LOG_FORMAT: 'pretty', PORT: this.#port, FLIGHT_PORT: '0' };
    const child = spawn(process.execPath, args, { cwd: this.#folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = this.#output;
    output.isLive = true;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output.text += chunk;
      });
    }
    this.#server = child;
    for (let waited = 0; waited < PATIENCE_MS && child.exitCode === null; waited += 50) {
      if (output.text.includes('serves')) return true;
      await sleep(50);
    }
    this.#server = null;
    return false;
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null || server.exitCode !== null) return;
    server.kill('SIGTERM');
    await once(server, 'exit');
  }

  /** What a server shows may come a while after it was started. */
  async #expect(shown: string, isJson: boolean): Promise<void> {
    const expected = shown.replaceAll(`:${SHOWN_PORT}`, `:${this.#port}`);
    for (let waited = 0; !matches(expected, this.#output.text, isJson, this.#seen); waited += 100) {
      if (!this.#output.isLive || waited > PATIENCE_MS) {
        throw new Error(`the page shows\n${expected}\nand there was\n${this.#output.text}`);
      }
      await sleep(100);
    }
  }

  /** The environment of a reader who has set nothing. */
  #env(): NodeJS.ProcessEnv {
    const names = new Set([...SETTING_ENTRIES.map(([, { name }]) => name), 'FORGE_URL', 'FORGE_TOKEN', 'NODE_ENV']);
    return Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.has(name)));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
