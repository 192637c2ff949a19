import pg from 'pg';
import { DataForgeError } from '#domain/errors.ts';

/** Classes and codes of errors (https://www.postgresql.org/docs/current/errcodes-appendix.html) that mean something to people. */
const CODES = {
  uniqueViolation: '23505',
  undefinedTable: '42P01',
  undefinedColumn: '42703',
  datatypeMismatch: '42804',
  queryCanceled: '57014',
  lockNotAvailable: '55P03',
  programLimitExceeded: '54000',
  diskFull: '53100',
  outOfMemory: '53200',
  tooManyConnections: '53300',
} as const;

/** Errors of the way to the server, of Node and of the driver. */
const LOST_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);
const LOST_TEXTS =
  /Connection terminated|Client has encountered a connection error|not queryable|timeout exceeded when trying to connect/;

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the user of the database may not do it. */
export function isForbidden(error: unknown): boolean {
  return codeOf(error) === '42501';
}

/** What an error of people's SQL means: what is wrong with it, or with the server. */
export function translateSqlError(error: unknown): DataForgeError {
  const isTheirs = error instanceof pg.DatabaseError && /^(?:0A|2[0-9]|3[FD]|42|54)/.test(codeOf(error));
  if (!isTheirs) return translatePostgresError(error);
  return new DataForgeError('invalid_sql', `The query cannot be run: ${error.message}.`, { cause: error });
}

export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === CODES.uniqueViolation;
}

/** Whether the way to the server is gone, or the server is stopping or starting. */
function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  if (error instanceof pg.DatabaseError) return code.startsWith('08') || /^57P0[1-5]$/.test(code);
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  return LOST_CODES.has(codeOf(inner)) || LOST_TEXTS.test(textOf(error));
}

/** What the driver throws, once, as an error of the catalogue; its text stays in `cause` alone. */
export function translatePostgresError(error: unknown): DataForgeError {
  if (error instanceof DataForgeError) return error;
  const options = { cause: error };
  const again = { cause: error, retryable: true };
  if (isConnectionLost(error)) {
    return new DataForgeError('unavailable', 'The database does not answer; send the request again.', again);
  }
  switch (codeOf(error)) {
    case CODES.uniqueViolation:
      return new DataForgeError('key_exists', 'A record with this key exists already.', options);
    case CODES.undefinedTable:
      return new DataForgeError('unknown_dataset', 'The store has no such dataset.', options);
    case CODES.undefinedColumn:
    case CODES.datatypeMismatch:
      return new DataForgeError(
        'unavailable',
        'Another instance has changed this dataset; give this one the same dataset file.',
        options,
      );
    case CODES.queryCanceled:
      return new DataForgeError('query_timeout', 'The database ended the query at its time limit.', options);
    case CODES.lockNotAvailable:
      return new DataForgeError('unavailable', 'The store is busy; send the request again.', again);
    case CODES.programLimitExceeded:
      return new DataForgeError(
        'invalid_value',
        'A value is too long for the index on its property; PostgreSQL takes about 2700 bytes there.',
        options,
      );
    case CODES.diskFull:
      return new DataForgeError(
        'resources_exhausted',
        'The disk of the database is full; free some space and send the request again.',
        again,
      );
    case CODES.outOfMemory:
      return new DataForgeError(
        'resources_exhausted',
        'The database has not enough memory for this request; send less at once.',
        options,
      );
    case CODES.tooManyConnections:
      return new DataForgeError('unavailable', 'The database takes no more connections now; send it again.', again);
    default:
      return new DataForgeError('internal', 'The storage engine failed.', options);
  }
}

/** The same for opening a store: what is wrong with `DATABASE_URL`, in one sentence. */
export function translateConnectError(error: unknown, address: string): DataForgeError {
  if (error instanceof DataForgeError) return error;
  const refuse = (message: string) => new DataForgeError('invalid_configuration', message, { cause: error });
  const code = codeOf(error);
  if (code === '28P01' || code === '28000' || /password must be a string/.test(textOf(error))) {
    return refuse(`The database at ${address} does not let this user in; is the password in DATABASE_URL right?`);
  }
  if (code === '3D000')
    return refuse(`There is no such database at ${address}; make it, or name another in DATABASE_URL.`);
  if (code === '42501') {
    return refuse(`The user of DATABASE_URL may not make a schema in ${address}; grant CREATE on the database.`);
  }
  if (isConnectionLost(error)) {
    return new DataForgeError(
      'unavailable',
      `There is no database to be reached at ${address}; is it running, and is DATABASE_URL right?`,
      { cause: error, retryable: true },
    );
  }
  return refuse(`The database at ${address} cannot be used: ${textOf(error)}.`);
}
