import { DataForgeError } from '#domain/errors.ts';
import type { SqlParameter, SqlParameters } from '#domain/sql/sql-type.ts';
import type { PostgresValue } from './postgres-values.ts';

const MAX_SQL_LENGTH = 256 * 1024;

/** What PostgreSQL's own scanner tells apart, as far as it matters here; comments nest and are read by hand. */
const TOKEN =
  /(?<blank>\s+|--[^\n\r]*)|(?<string>[eE]'(?:[^'\\]|\\[\s\S]|'')*'|[bBxXnN]?'(?:[^']|'')*')|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<parameter>\?|\$\d+|\$[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|(?<name>"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<end>;)|(?<other>\d[\w.]*|[^'"])/y;

/** Keywords that are functions of who asks and where, and are written without parentheses. */
const TELLTALES: ReadonlySet<string> = new Set([
  'current_user',
  'current_role',
  'current_catalog',
  'current_schema',
  'session_user',
  'system_user',
  'user',
]);

/** Names of what PostgreSQL knows of itself: its catalogues, and types that look names up in them. */
const OF_THE_SERVER =
  /^(?:pg_(?!typeof$).*|information_schema|reg(?:class|proc|procedure|oper|operator|type|role|namespace|config|dictionary|collation|database))$/;

/** Bytes of a name; the server would cut off the rest, and take it for another. */
const LONGEST_NAME = 63;

/** A text that looks like one statement that reads, its placeholders numbered. */
export interface ReadableSql {
  readonly sql: string;
  /** Whether it asks for the plan of a query and not for its rows. */
  readonly isExplain: boolean;
  /** Names of the placeholders in the order of their numbers. */
  readonly placeholders: readonly string[];
  /** All names that stand in it, as the server knows them. */
  readonly names: ReadonlySet<string>;
  /** Names before a parenthesis, and so all functions that are called. */
  readonly calls: ReadonlySet<string>;
  /** Names before a dot. */
  readonly qualifiers: ReadonlySet<string>;
}

export function refused(message: string, cause?: unknown): DataForgeError {
  return new DataForgeError('invalid_sql', message, cause === undefined ? {} : { cause });
}

/**
 * Takes a text apart far enough to see that it is one statement that begins like a query, and what it names. That it
 * changes nothing and reads no more than it may is the business of the role that runs it.
 * @throws DataForgeError `invalid_sql`
 */
export function readSql(text: string): ReadableSql {
  if (text.length > MAX_SQL_LENGTH) throw refused(`The query has more than ${MAX_SQL_LENGTH} characters; shorten it.`);
  if (!text.isWellFormed() || text.includes('\u0000')) throw refused('The query is not valid text.');
  const reading = new Reading();
  for (let at = 0; at < text.length; ) {
    const comment = endOfComment(text, at);
    if (comment !== null) {
      reading.blank();
      at = comment;
      continue;
    }
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    if (token === null) throw refused('The query cannot be parsed: a quote has no end.');
    at = TOKEN.lastIndex;
    const { dollar } = token.groups ?? {};
    if (dollar !== undefined) {
      const end = text.indexOf(dollar, at);
      if (end < 0) throw refused('The query cannot be parsed: a quote has no end.');
      at = end + dollar.length;
      reading.take({ string: text.slice(token.index, at) });
    } else reading.take(token.groups ?? {});
  }
  return reading.end();
}

/** Comments nest. */
function endOfComment(text: string, start: number): number | null {
  if (!text.startsWith('/*', start)) return null;
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith('/*', at)) {
      depth++;
      at++;
    } else if (text.startsWith('*/', at)) {
      at++;
      if (--depth === 0) return at + 1;
    }
  }
  throw refused('The query cannot be parsed: a comment has no end.');
}

type Groups = Readonly<Record<string, string | undefined>>;

class Reading {
  #sql = '';
  #isEnded = false;
  /** How it begins: EXPLAIN is followed by a query. */
  readonly #begins: string[] = [];
  /** The name that was read last, as long as nothing but blanks came behind it. */
  #name: string | null = null;
  readonly #names = new Set<string>();
  readonly #calls = new Set<string>();
  readonly #qualifiers = new Set<string>();
  readonly #placeholders = new Placeholders();

  blank(): void {
    this.#sql += ' ';
  }

  take({ blank, string, parameter, name, end, other }: Groups): void {
    if (blank !== undefined) {
      // Two strings with a line break between them are one.
      this.#sql += /[\n\r]/.test(blank) ? '\n' : ' ';
      return;
    }
    if (end !== undefined) {
      if (this.#begins.length > 0) this.#isEnded = true;
      return;
    }
    if (this.#isEnded) throw refused('There are several statements; send one SELECT.');
    const text = name ?? string ?? other ?? '';
    if (this.#begins.length < 2) this.#begins.push(text.toLowerCase());
    if (other === '(' && this.#name !== null) this.#calls.add(this.#name);
    if (other === '.' && this.#name !== null) this.#qualifiers.add(this.#name);
    this.#name = name === undefined ? null : this.#readName(name);
    this.#sql += parameter === undefined ? text : this.#placeholders.numbered(parameter);
  }

  end(): ReadableSql {
    const [first, second] = this.#begins;
    if (first === undefined) throw refused('The query is empty; send one SELECT.');
    const isExplain = first === 'explain';
    // What stands in parentheses behind EXPLAIN may be its options, and one of them runs the query.
    const isQuery = isExplain
      ? isOneOf(second, 'select', 'with', 'values')
      : isOneOf(first, 'select', 'with', 'values', '(');
    if (!isQuery) {
      throw refused('Only one SELECT can be sent here, or EXPLAIN before it, and nothing that changes, sets or calls.');
    }
    return {
      sql: this.#sql.trim(),
      isExplain,
      placeholders: this.#placeholders.names(),
      names: this.#names,
      calls: this.#calls,
      qualifiers: this.#qualifiers,
    };
  }

  #readName(name: string): string {
    const isQuoted = name.startsWith('"');
    const known = isQuoted ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
    if (!isQuoted && (known === 'u' || TELLTALES.has(known))) {
      throw refused(`"${name}" cannot be used here; where it is a name of yours, put it in double quotes.`);
    }
    if (Buffer.byteLength(known) > LONGEST_NAME) {
      throw refused(`The name "${known.slice(0, 20)}…" is longer than the ${LONGEST_NAME} bytes that names have here.`);
    }
    if (OF_THE_SERVER.test(known.toLowerCase()))
      throw refused(`A query cannot use "${known}" here; it reads datasets alone.`);
    this.#names.add(known);
    return known;
  }
}

function isOneOf(word: string | undefined, ...words: readonly string[]): boolean {
  return word !== undefined && words.includes(word);
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
      return `$${[...this.#named.keys()].indexOf(folded) + 1}`;
    }
    const number = name === '' ? this.#last + 1 : Number(name);
    if (number < 1 || number > 1000) throw refused('Placeholders are numbered from 1 to 1000.');
    this.#last = Math.max(this.#last, number);
    this.#byPlace = this.#last;
    return `$${number}`;
  }

  names(): string[] {
    if (this.#named.size > 0) return [...this.#named.values()];
    return Array.from({ length: this.#byPlace }, (_, index) => String(index + 1));
  }
}

/**
 * Gives placeholders the values sent, and those that are numbers or truth the type that they have in JSON; a text takes
 * the type of where it stands.
 * @throws DataForgeError `invalid_sql` where one is missing or over
 */
export function bindParameters(
  { sql, placeholders }: ReadableSql,
  parameters: SqlParameters,
): { readonly sql: string; readonly values: readonly PostgresValue[] } {
  const given = Array.isArray(parameters)
    ? new Map((parameters as readonly SqlParameter[]).map((value, index) => [String(index + 1), value]))
    : new Map(Object.entries(parameters as Readonly<Record<string, SqlParameter>>));
  const folded = new Map([...given].map(([name, value]) => [name.toLowerCase(), value]));
  const values = placeholders.map((name) => {
    const value = folded.get(name.toLowerCase());
    if (value === undefined) throw refused(`The parameter $${name.slice(0, 100)} has no value; give it in params.`);
    return value;
  });
  const known = new Set(placeholders.map((name) => name.toLowerCase()));
  const unused = [...given.keys()].find((name) => !known.has(name.toLowerCase()));
  if (unused !== undefined) {
    throw refused(`The parameter $${unused.slice(0, 100)} is given, and the query has no such placeholder.`);
  }
  return {
    sql: typed(sql, values.map(castOf)),
    values: values.map((value) => (value === null ? null : String(value))),
  };
}

function castOf(value: SqlParameter): string {
  if (typeof value === 'boolean') return '::boolean';
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? '::bigint' : '::numeric';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? '::bigint' : '::numeric';
  return '';
}

/** Puts a cast behind each placeholder, outside of quotes. */
function typed(sql: string, casts: readonly string[]): string {
  const parts =
    /([eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")+"|(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[\s\S]*?\2|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|\$(\d+)/g;
  return sql.replace(parts, (whole, other, _tag, number) =>
    other === undefined ? `($${number}${casts[Number(number) - 1] ?? ''})` : whole,
  );
}
