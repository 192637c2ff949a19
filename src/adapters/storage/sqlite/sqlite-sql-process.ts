import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DataForgeError } from '#domain/errors.ts';
import { abortError } from '../shared/abort.ts';
import type { FromSqlProcess, ToSqlProcess } from './sqlite-sql-calls.ts';
import { fromWireError } from './sqlite-wire.ts';

const SCRIPT = fileURLToPath(new URL('./sqlite-sql-worker.ts', import.meta.url));

/** A process that runs people's SQL. The engine cannot be told to stop in the middle of a step; a process can be ended. */
export class SqliteSqlProcess {
  readonly #child: ChildProcess;
  #waiting: PromiseWithResolvers<FromSqlProcess> | null = null;
  #hasEnded = false;

  constructor() {
    this.#child = fork(SCRIPT, [], {
      serialization: 'advanced',
      execArgv: [],
      // Of the server's surroundings, which may hold secrets, it needs nothing.
      env: process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (message) => this.#take(message as FromSqlProcess));
    this.#child.on('exit', () => this.#end());
    this.#child.on('error', () => this.#end());
    this.#rest();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** One question at a time. A signal that fires meanwhile ends the process. */
  async ask<K extends FromSqlProcess['kind']>(
    message: ToSqlProcess,
    kind: K,
    signal: AbortSignal,
  ): Promise<FromSqlProcess & { readonly kind: K }> {
    if (signal.aborted) throw abortError(signal);
    if (this.#hasEnded) throw ended();
    const waiting = Promise.withResolvers<FromSqlProcess>();
    this.#waiting = waiting;
    const onAbort = () => this.kill();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#child.ref();
    this.#child.channel?.ref();
    this.#child.send(message, (error) => error && this.#end());
    try {
      const answer = await waiting.promise;
      if (answer.kind === 'failure') throw fromWireError(answer.error);
      if (answer.kind !== kind) throw new TypeError(`the process answered ${answer.kind}, not ${kind}`);
      return answer as FromSqlProcess & { readonly kind: K };
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#waiting = null;
      this.#rest();
    }
  }

  kill(): void {
    this.#hasEnded = true;
    this.#child.kill('SIGKILL');
  }

  /** Does not keep the server's process alive while it has nothing to do. */
  #rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  #take(message: FromSqlProcess): void {
    this.#waiting?.resolve(message);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#waiting?.reject(ended());
  }
}

function ended(): DataForgeError {
  return new DataForgeError(
    'resources_exhausted',
    'The query needed more than it may take and was ended; ask for less.',
  );
}
