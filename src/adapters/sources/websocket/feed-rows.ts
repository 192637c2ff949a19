import { DataForgeError } from '#domain/errors.ts';
import { jsonArrayLines } from '#formats/json/array-lines.ts';
import { findMember } from '#formats/json/find-member.ts';
import type { FieldValue } from '../shared/incremental.ts';
import type { KeyKeeper } from './key-keeper.ts';
import type { WebSocketOptions } from './websocket-options.ts';

const LINE_END = Buffer.from('\n');
const [LINE_FEED, OPEN_BRACKET, QUOTE] = [0x0a, 0x5b, 0x22];
const SHOWN = 300;

/** Makes lines of the rows of messages, without what came before. */
export class FeedRows {
  readonly #options: WebSocketOptions;
  readonly #keeper: KeyKeeper;
  readonly #records: readonly string[] | null;
  readonly #row: readonly string[];
  readonly #key: readonly string[];
  #failure: DataForgeError | null = null;

  constructor(options: WebSocketOptions, keeper: KeyKeeper) {
    this.#options = options;
    this.#keeper = keeper;
    this.#records = options.records?.split('.') ?? null;
    this.#row = options.row?.split('.') ?? [];
    this.#key = options.resume?.key.split('.') ?? [];
  }

  /** What is wrong with the message behind the last rows: it tells of an error, or is no JSON. */
  get failure(): DataForgeError | null {
    return this.#failure;
  }

  /** The rows of messages as lines, up to one that has a `failure`. */
  async of(messages: readonly Buffer[]): Promise<Uint8Array> {
    const lines: Uint8Array[] = [];
    for (const message of messages) {
      try {
        for (const line of await this.#linesOf(message)) lines.push(line, LINE_END);
      } catch (cause) {
        const isKnown = cause instanceof DataForgeError && cause.code === 'source_failed';
        this.#failure = isKnown ? cause : failed(`A message is no JSON: ${shown(message)}`, cause);
        break;
      }
    }
    return Buffer.concat(lines);
  }

  async #linesOf(message: Buffer): Promise<Uint8Array[]> {
    const { error, only, resume } = this.#options;
    if (error !== null && textAt(message, error.path) === error.is) {
      throw failed(`The server says: ${shown(message)}`);
    }
    if (only !== null && textAt(message, only.path) !== only.is) return [];
    const given = findMember(message, this.#records ?? []);
    if (given === null) return [];
    if (resume?.of === 'message' && !this.#keeper.isNew(keyAt(message, this.#key))) return [];
    const records = given[0] === OPEN_BRACKET ? await linesOfArray(given) : [onOneLine(given)];
    const fresh = resume?.of === 'row' ? records.filter((row) => this.#keeper.isNew(keyAt(row, this.#key))) : records;
    if (this.#row.length === 0) return fresh;
    return fresh.flatMap((record) => findMember(record, this.#row) ?? []);
  }
}

async function linesOfArray(array: Uint8Array): Promise<Uint8Array[]> {
  const lines = Buffer.concat(await Array.fromAsync(jsonArrayLines(once(array))));
  const rows: Uint8Array[] = [];
  for (
    let start = 0, end = lines.indexOf(LINE_FEED);
    end >= 0;
    start = end + 1, end = lines.indexOf(LINE_FEED, start)
  ) {
    if (end > start) rows.push(lines.subarray(start, end));
  }
  return rows;
}

/** Line ends between the tokens of a JSON text are blanks as well as any other. */
function onOneLine(json: Uint8Array): Uint8Array {
  if (!json.includes(LINE_FEED) && !json.includes(0x0d)) return json;
  return json.map((byte) => (byte === LINE_FEED || byte === 0x0d ? 0x20 : byte));
}

function textAt(json: Uint8Array, path: string): string | null {
  return keyAt(json, path.split('.'))?.value ?? null;
}

/** A text, a number or a truth value of a JSON text, a number by its digits; null where there is none. */
function keyAt(json: Uint8Array, path: readonly string[]): FieldValue | null {
  const found = findMember(json, path);
  if (found === null) return null;
  const text = Buffer.from(found).toString();
  if (found[0] === QUOTE) return { value: JSON.parse(text) as string, isNumber: false };
  return text === 'null' || text === '' ? null : { value: text, isNumber: /^-?\d/.test(text) };
}

function shown(message: Buffer): string {
  return message.toString().replace(/\s+/g, ' ').slice(0, SHOWN);
}

function failed(message: string, cause?: unknown): DataForgeError {
  return new DataForgeError('source_failed', message, { cause, retryable: true });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
