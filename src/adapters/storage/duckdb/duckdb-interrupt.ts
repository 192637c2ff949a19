import type { DuckDBConnection } from '@duckdb/node-api';
import { throwIfAborted } from '../shared/abort.ts';

/** The engine forgets an interruption that finds no statement at work, as between its preparation and its start. */
const AGAIN_MS = 50;

/**
 * Runs `work` and interrupts the engine once the signal fires, again and again until the work has ended.
 * @throws DataForgeError `query_timeout` or `cancelled`, as the signal's reason says
 */
export async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  let again: NodeJS.Timeout | undefined;
  const interrupt = () => {
    connection.interrupt();
    again = setInterval(() => connection.interrupt(), AGAIN_MS);
  };
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    clearInterval(again);
    signal.removeEventListener('abort', interrupt);
  }
}
