import { createHash } from 'node:crypto';
import { identifier } from '../sql/identifier.ts';

/** Bytes that a name in PostgreSQL may have; what is longer it cuts off without a word. */
const MOST_BYTES = 63;

/** Names of columns that every table has. */
const TAKEN: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

const HASH_DIGITS = 16;

/** A name that PostgreSQL takes whole: those that are too long, or taken, end with a hash of what they are. */
export function shortName(name: string): string {
  if (Buffer.byteLength(name) <= MOST_BYTES && !TAKEN.has(name)) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  let head = '';
  for (const character of name) {
    if (Buffer.byteLength(head + character) + HASH_DIGITS + 1 > MOST_BYTES) break;
    head += character;
  }
  return `${head}~${hash}`;
}

/** The same, quoted. */
export function quotedName(name: string): string {
  return identifier(shortName(name));
}
