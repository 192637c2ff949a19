import { translateSqliteError } from './sqlite-errors.ts';
import type { FromSqlProcess, ToSqlProcess } from './sqlite-sql-calls.ts';
import { SandboxedQuery } from './sqlite-sql-query.ts';
import { toWireError } from './sqlite-wire.ts';

/** The body of a process that runs people's SQL, one query at a time: one that can be ended whatever it does. */
let running: SandboxedQuery | null = null;

function answer(message: ToSqlProcess): FromSqlProcess {
  if (message.kind === 'start') {
    running?.close();
    running = new SandboxedQuery(message.query);
    if (message.query.parameters === null) return { kind: 'described', ...running.describe() };
    return { kind: 'started', ...running.start() };
  }
  if (message.kind === 'next') return { kind: 'batch', batch: running?.next() ?? null };
  running?.close();
  running = null;
  return { kind: 'ended' };
}

process.on('message', (message: ToSqlProcess) => {
  try {
    process.send?.(answer(message));
  } catch (error) {
    process.send?.({ kind: 'failure', error: toWireError(translateSqliteError(error)) } satisfies FromSqlProcess);
  }
});
// Without the server there is nobody to answer.
process.on('disconnect', () => process.exit());
