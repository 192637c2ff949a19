import { compileRe2 } from '#infrastructure/re2.ts';
import { type ParsedBlock, type ParseRequest, parseBody } from './sqlite-parse-body.ts';
import { SqliteThread } from './sqlite-thread.ts';

export type ParserCalls = {
  /** @returns a number that names the body in the calls that follow */
  readonly open: { readonly argument: ParseRequest; readonly result: number };
  /** The next rows; null behind the last. */
  readonly next: { readonly argument: number; readonly result: ParsedBlock | null };
  readonly close: { readonly argument: number; readonly result: undefined };
};

const SCRIPT = new URL('./sqlite-parser-worker.ts', import.meta.url);

/** Reads the bodies of loads: short ones where it is, longer ones on a thread of its own, a block ahead. */
export class SqliteParser {
  #thread: SqliteThread<ParserCalls> | null = null;

  read(request: ParseRequest): AsyncIterable<ParsedBlock> {
    return 'chunks' in request.body ? parseBody(request, compileRe2) : this.#readAhead(request);
  }

  async *#readAhead(request: ParseRequest): AsyncGenerator<ParsedBlock> {
    if (this.#thread === null || this.#thread.hasEnded) this.#thread = new SqliteThread(SCRIPT, null);
    const thread = this.#thread;
    const id = await thread.call('open', request);
    let next = thread.call('next', id);
    try {
      for (let block = await next; block !== null; block = await next) {
        next = thread.call('next', id);
        // It is awaited above, unless the load ends before.
        next.catch(() => {});
        yield block;
      }
    } finally {
      await next.catch(() => {});
      await thread.call('close', id);
    }
  }
}
