import { DataForgeError } from '#domain/errors.ts';
import type { DuckDbSession } from './duckdb-session.ts';
import { proveSelect, refused, type SqlNode } from './duckdb-sql-proof.ts';

/** A text that was proved to be one SELECT over the datasets. */
export interface ProvedSql {
  /** The SELECT itself, without EXPLAIN and without what ends a statement. */
  readonly select: string;
  readonly explain: boolean;
  /** The datasets it reads, folded. */
  readonly read: ReadonlySet<string>;
}

const MAX_SQL_LENGTH = 256 * 1024;
const BLANK = '(?:\\s|--[^\\n]*(?:\\n|$)|/\\*[\\s\\S]*?\\*/)';
const EXPLAIN = new RegExp(`^${BLANK}*explain(?![\\w$])`, 'i');

/**
 * Proves on the engine's own parse of it that a text is one SELECT and reads nothing but the datasets.
 * @param session any session; nothing of the text is run
 * @param views names of the datasets, folded
 * @throws DataForgeError `invalid_sql`
 */
export async function proveSql(session: DuckDbSession, text: string, views: ReadonlySet<string>): Promise<ProvedSql> {
  if (text.length > MAX_SQL_LENGTH) throw refused(`The query has more than ${MAX_SQL_LENGTH} characters; shorten it.`);
  if (!text.isWellFormed() || text.includes('\u0000')) throw refused('The query is not valid text.');
  const explained = EXPLAIN.exec(text);
  const select = withoutEnd(explained === null ? text : text.slice(explained[0].length));
  if (explained !== null && /^\s*(?:analyze|\()/i.test(select)) {
    throw refused('EXPLAIN is taken before a SELECT alone, without ANALYZE and without options.');
  }
  const [statement, ...others] = await parse(session, select);
  if (statement === undefined) throw refused('The query is empty; send one SELECT.');
  if (others.length > 0) throw refused('There are several statements; send one SELECT.');
  const read = proveSelect(statement, views);
  return { select, explain: explained !== null, read };
}

interface Parsed {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly statements?: readonly SqlNode[];
}

async function parse(session: DuckDbSession, text: string): Promise<readonly SqlNode[]> {
  const json = await serialize(session, text);
  let parsed: Parsed;
  try {
    parsed = JSON.parse(json) as Parsed;
  } catch (cause) {
    throw refused(
      'The query holds something that cannot be understood, like a number that is too large; simplify it.',
      cause,
    );
  }
  if (!parsed.error) return parsed.statements ?? [];
  if (/Only SELECT statements/i.test(parsed.error_message ?? '')) {
    throw refused(
      'Only one SELECT can be sent here; PIVOT is taken as FROM t PIVOT (… FOR x IN (…)), and nothing that changes, sets or calls.',
    );
  }
  if (/^Cannot serialize/i.test(parsed.error_message ?? '')) {
    throw refused(
      'The query has a type or a form that cannot be checked here, like a list of ENUM; write it in another way.',
    );
  }
  throw refused(`The query cannot be parsed: ${firstLine(parsed.error_message ?? 'it is not SQL')}.`);
}

async function serialize(session: DuckDbSession, text: string): Promise<string> {
  try {
    const [row] = await session.rows(
      'SELECT json_serialize_sql($1::VARCHAR, skip_default := true, skip_empty := true, skip_null := true)',
      [text],
    );
    return String(row?.[0]);
  } catch (error) {
    throw sqlError(error);
  }
}

/** What ends a statement would end the one this text is put into. */
function withoutEnd(select: string): string {
  const end = new RegExp(`;(?:;|${BLANK})*`, 'y');
  for (let at = select.indexOf(';'); at >= 0; at = select.indexOf(';', end.lastIndex)) {
    end.lastIndex = at;
    end.test(select);
    if (end.lastIndex === select.length) return select.slice(0, at);
  }
  return select;
}

/** What the engine says of somebody's own query, in one line and without the names of what lies beneath the datasets. */
export function sqlError(error: unknown): DataForgeError {
  if (!(error instanceof DataForgeError) || error.code !== 'internal') return error as DataForgeError;
  const text = error.cause instanceof Error ? error.cause.message : '';
  const known =
    /^(Parser|Binder|Catalog|Conversion|Out of Range|Invalid Input|Invalid type|Not implemented|Invalid|Syntax|Mismatch Type|Expression|Sequence|Parameter Not Resolved|Parameter Not Allowed|Divide by Zero) Error: /i;
  if (!known.test(text)) return error;
  const message = firstLine(text.replace(known, ''));
  return refused(
    `The query cannot be run: ${/\bstore\b|\bforge\b|"data"|data\./.test(message) ? 'a part of it is not valid' : message}.`,
    error.cause,
  );
}

function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line
    .trim()
    .replace(/[.!]+$/, '')
    .slice(0, 500);
}
