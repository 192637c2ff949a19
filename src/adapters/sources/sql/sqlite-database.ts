import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { SourceRelation, SqlDatabase } from './sql-database.ts';
import type { SqlOptions } from './sql-options.ts';
import type { SqliteAnswer, SqliteQuestion } from './sqlite-calls.ts';
import { sqliteColumn } from './sqlite-columns.ts';

const SCRIPT = fileURLToPath(new URL('./sqlite-reader-process.ts', import.meta.url));

/**
 * Opens a file of SQLite for reading.
 * @throws DataForgeError `source_failed` where there is none
 */
export async function openSqlite(
  path: string,
  { timeout }: Pick<SqlOptions, 'timeout'>,
  { folder, signal }: SourceOpening,
): Promise<SqlDatabase> {
  const file = resolve(folder, path);
  await access(file).catch((cause) => {
    const message = `There is no file ${path} that can be read; is the url of the source right?`;
    throw new DataForgeError('source_failed', message, { cause });
  });
  return new SqliteDatabase(file, timeout, signal);
}

/** A process that holds the file: SQLite cannot be told to stop in the middle of a step, and a process can be ended. */
class SqliteDatabase implements SqlDatabase {
  readonly #path: string;
  readonly #timeout: number;
  readonly #signal: AbortSignal;
  readonly #child: ChildProcess;

  constructor(path: string, timeout: number, signal: AbortSignal) {
    this.#path = path;
    this.#timeout = timeout;
    this.#signal = signal;
    this.#child = fork(SCRIPT, [], {
      execArgv: [],
      // Of the server's surroundings, which may hold secrets, it needs nothing.
      env: process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {},
      stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    });
  }

  async look(from: string, table: boolean): Promise<SourceRelation> {
    const answer = await this.#ask({ kind: 'look', path: this.#path, from, table });
    if (answer.kind !== 'relation') throw new TypeError('the process told no relation');
    const { columns, key } = answer;
    return { key, columns: columns.map(({ name, declared, nullable }) => sqliteColumn(name, declared, nullable)) };
  }

  async *read(select: string, { columns }: SourceRelation): AsyncGenerator<Uint8Array> {
    const booleans = columns.map(({ dbType }) => dbType.name === 'BOOLEAN');
    const failure = this.#ask({ kind: 'read', select, booleans }).then(
      () => null,
      (error: unknown) => {
        this.#child.stdout?.destroy();
        return error;
      },
    );
    try {
      yield* this.#child.stdout as AsyncIterable<Buffer>;
    } catch (error) {
      throw (await failure) ?? error;
    }
    const error = await failure;
    if (error !== null) throw error;
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async #ask(question: SqliteQuestion): Promise<SqliteAnswer> {
    this.#signal.throwIfAborted();
    const child = this.#child;
    const said = Promise.withResolvers<SqliteAnswer | null>();
    const onMessage = (message: unknown) => said.resolve(message as SqliteAnswer);
    const onEnd = () => said.resolve(null);
    let tooLong = false;
    const timer = setTimeout(() => {
      tooLong = true;
      child.kill('SIGKILL');
    }, this.#timeout);
    const onAbort = () => child.kill('SIGKILL');
    child.on('message', onMessage).on('exit', onEnd).on('error', onEnd);
    this.#signal.addEventListener('abort', onAbort, { once: true });
    child.send(question, (error) => error && onEnd());
    try {
      const answer = await said.promise;
      if (this.#signal.aborted) throw this.#signal.reason;
      if (tooLong) throw failed(`The database took longer than the timeout of ${this.#timeout / 1000} s.`, true);
      if (answer === null) throw failed('The process that reads the database has ended before its time.', true);
      if (answer.kind === 'failure') throw failed(`The database says: ${answer.message}.`, answer.mayPass);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', onAbort);
      child.off('message', onMessage).off('exit', onEnd).off('error', onEnd);
    }
  }
}

function failed(message: string, retryable: boolean): DataForgeError {
  return new DataForgeError('source_failed', message, { retryable });
}
