import { compileRe2 } from '#infrastructure/re2.ts';
import { serveCalls } from './sqlite-host.ts';
import { type ParsedBlock, parseBody } from './sqlite-parse-body.ts';
import type { ParserCalls } from './sqlite-parser.ts';

/** A thread that reads bodies for the one that writes. */
const bodies = new Map<number, AsyncGenerator<ParsedBlock>>();
let last = 0;

serveCalls<ParserCalls>({
  open: (request) => {
    bodies.set(++last, parseBody(request, compileRe2));
    return last;
  },
  next: async (id) => (await bodies.get(id)?.next())?.value ?? null,
  close: async (id) => {
    await bodies.get(id)?.return(undefined);
    bodies.delete(id);
  },
});
