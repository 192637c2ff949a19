import { DataForgeError } from '#domain/errors.ts';
import { parsedJson } from '#formats/json/json-scanner.ts';

interface GraphqlError {
  readonly message: string;
  readonly path: readonly (string | number)[];
  readonly code: string;
}

/** Codes by which servers say that the same may be answered later. */
const MAY_PASS = /RATE|THROTTL|TIMEOUT|TIMED_OUT|UNAVAILABLE|TOO_MANY|INTERNAL/i;
const MOST_SHOWN = 3;
const SHOWN_CHARACTERS = 300;

/** The errors of an answer (GraphQL, October 2021, section 7.1.2). */
export function readErrors(json: Uint8Array | undefined): readonly GraphqlError[] {
  const list: unknown = json === undefined ? [] : parsedJson(json);
  return (Array.isArray(list) ? list : []).map((error: Readonly<Record<string, unknown>> | null) => ({
    message: String(error?.message ?? 'no message'),
    path: Array.isArray(error?.path) ? error.path : [],
    code: String((error?.extensions as { code?: unknown } | undefined)?.code ?? ''),
  }));
}

/**
 * What is said of errors with which an answer is of no use. Where the server has begun to answer, the same query may
 * succeed another time; a query that it refuses is refused again.
 */
export function failureOf(errors: readonly GraphqlError[], hasBegun: boolean): DataForgeError {
  const retryable = errors.length === 0 || hasBegun || errors.some(({ code }) => MAY_PASS.test(code));
  const message = errors.length === 0 ? 'The source answers with no data.' : `The source says: ${said(errors)}`;
  return new DataForgeError('source_failed', message, { retryable });
}

export function said(errors: readonly GraphqlError[]): string {
  const shown = errors.slice(0, MOST_SHOWN).map(({ message, path }) => {
    const place = path.length === 0 ? '' : ` at ${path.join('.')}`;
    return message.replace(/\s+/g, ' ').slice(0, SHOWN_CHARACTERS) + place;
  });
  const more = errors.length > MOST_SHOWN ? `; and ${errors.length - MOST_SHOWN} more` : '';
  return shown.join('; ') + more;
}

/** The numbers of the rows that errors point into. */
export function touchedRows(errors: readonly GraphqlError[], list: readonly string[]): ReadonlySet<number> {
  const touched = new Set<number>();
  for (const { path } of errors) {
    const row = path[list.length];
    if (typeof row === 'number' && list.every((name, at) => path[at] === name)) touched.add(row);
  }
  return touched;
}
