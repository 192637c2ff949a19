import { DataForgeError } from '#domain/errors.ts';

const MAX_SQL_LENGTH = 256 * 1024;

/** What SQLite's own tokenizer tells apart (https://www.sqlite.org/draft/tokenreq.html), as far as it matters here. */
const TOKEN =
  /(?<blank>\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>'(?:[^']|'')*')|(?<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<parameter>\?\d*|[$:@][\w\u0080-\uffff]+)|(?<end>;)|(?<other>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|[^'"`[])/gy;

/** A text that looks like one statement that reads, its placeholders numbered. */
export interface ReadableSql {
  /** The statement with `?1`, `?2`, … for its placeholders, and without what ends it. */
  readonly sql: string;
  /** Names of the placeholders in the order of their numbers. */
  readonly placeholders: readonly string[];
  /** Names that stand in it, without their quotes, and texts that stand where a table is named. */
  readonly names: ReadonlySet<string>;
  readonly explain: boolean;
}

export function refused(message: string, cause?: unknown): DataForgeError {
  return new DataForgeError('invalid_sql', message, cause === undefined ? {} : { cause });
}

/**
 * Takes a text apart far enough to see that it is one statement that begins like a query. That it reads nothing but the
 * datasets is not seen here, but by the engine's authorizer.
 * @throws DataForgeError `invalid_sql`
 */
export function readSql(text: string): ReadableSql {
  if (text.length > MAX_SQL_LENGTH) throw refused(`The query has more than ${MAX_SQL_LENGTH} characters; shorten it.`);
  if (!text.isWellFormed() || text.includes('\u0000')) throw refused('The query is not valid text.');
  const placeholders = new Placeholders();
  const names = new Set<string>();
  const words: string[] = [];
  let sql = '';
  let isEnded = false;
  for (const { groups = {} } of tokensOf(text)) {
    const { blank, end, name, string, parameter, other } = groups;
    if (blank !== undefined) {
      sql += ' ';
      continue;
    }
    if (end !== undefined) {
      if (words.length > 0) isEnded = true;
      continue;
    }
    if (isEnded) throw refused('There are several statements; send one SELECT.');
    if (name !== undefined) names.add(unquoted(name));
    // The engine takes a text for a name where only a name can stand.
    if (string !== undefined && /^(?:from|join|\.)$/i.test(words.at(-1) ?? '')) names.add(unquoted(string));
    words.push(name ?? string ?? parameter ?? other ?? '');
    sql += parameter === undefined ? (name ?? string ?? other) : placeholders.numbered(parameter);
  }
  const explain = /^explain$/i.test(words[0] ?? '');
  refuseOther(words, explain);
  return { sql: sql.trim(), placeholders: placeholders.names(), names, explain };
}

function* tokensOf(text: string): Generator<RegExpExecArray> {
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text);
    if (token === null) throw refused('The query cannot be parsed: a quote has no end.');
    const at = TOKEN.lastIndex;
    yield token;
    TOKEN.lastIndex = at;
  }
}

function refuseOther(words: readonly string[], explain: boolean): void {
  const [first, second, third] = words.map((word) => word.toLowerCase());
  if (first === undefined) throw refused('The query is empty; send one SELECT.');
  if (explain && !(second === 'query' && third === 'plan')) {
    throw refused('EXPLAIN is taken as EXPLAIN QUERY PLAN before a SELECT.');
  }
  const start = explain ? words[3]?.toLowerCase() : first;
  if (start !== 'select' && start !== 'with' && start !== 'values') {
    throw refused('Only one SELECT can be sent here, and nothing that changes, sets or calls.');
  }
}

/** The text of a name or a string without its quotes. */
function unquoted(token: string): string {
  const quote = token[0] ?? '';
  if (quote === '[') return token.slice(1, -1);
  return `'"\``.includes(quote) ? token.slice(1, -1).replaceAll(quote + quote, quote) : token;
}

/** Placeholders of either kind as numbers: those by place keep theirs, names get one in order. */
class Placeholders {
  readonly #named = new Map<string, string>();
  #last = 0;
  #byPlace = 0;

  numbered(placeholder: string): string {
    const name = placeholder.slice(1);
    const isPlace = /^\d*$/.test(name);
    if (isPlace ? this.#named.size > 0 : this.#byPlace > 0) {
      throw refused('The query has placeholders by place and by name; take one kind.');
    }
    if (!isPlace) {
      const folded = name.toLowerCase();
      if (!this.#named.has(folded)) this.#named.set(folded, name);
      return `?${[...this.#named.keys()].indexOf(folded) + 1}`;
    }
    const number = name === '' ? this.#last + 1 : Number(name);
    if (number < 1 || number > 1000) throw refused('Placeholders are numbered from 1 to 1000.');
    this.#last = Math.max(this.#last, number);
    this.#byPlace = this.#last;
    return `?${number}`;
  }

  names(): string[] {
    if (this.#named.size > 0) return [...this.#named.values()];
    return Array.from({ length: this.#byPlace }, (_, index) => String(index + 1));
  }
}
