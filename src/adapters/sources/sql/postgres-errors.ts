import pg from 'pg';
import { DataForgeError } from '#domain/errors.ts';

/** Classes and codes of SQLSTATE that may not come again: lost connections, rollbacks, want of room, the server's own end, timeouts. */
const MAY_PASS = /^(08|40|53|57|58|55P03|XX000)/;

/** What the driver throws, as the door of a source tells it. */
export function postgresError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof DataForgeError) return error;
  if (error instanceof pg.DatabaseError) {
    const message = `The database says: ${error.message}.`;
    return new DataForgeError('source_failed', message, { cause: error, retryable: MAY_PASS.test(error.code ?? '') });
  }
  const reason = error instanceof Error && error.message !== '' ? error.message : 'it cannot be reached';
  return new DataForgeError('source_failed', `The connection to the database is lost: ${reason}.`, {
    cause: error,
    retryable: true,
  });
}
