import type { Call } from '../../call.ts';
import type { SqlDescription } from '../../ports/sql-runner.ts';
import { withTimeLimit } from '../../time-limit.ts';
import { openRunner, type SqlPorts } from './run-sql.ts';

/** What a query would answer, and which parameters it takes; it is not run. */
export function describeSql(ports: SqlPorts) {
  return async ({ sql }: { readonly sql: string }, call: Call): Promise<SqlDescription> => {
    const runner = openRunner(ports, call);
    return withTimeLimit(call.signal, ports.limits.queryTimeout, (signal) =>
      runner.describe({ sql, datasets: ports.catalog.list(), signal }),
    );
  };
}
