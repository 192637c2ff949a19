import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PostgresPool } from '#adapters/storage/postgres/postgres-pool.ts';
import { DataForgeError } from '#domain/errors.ts';
import { describeOnPostgres } from '../support/postgres-engine.ts';
import { onServer } from '../support/postgres-server.ts';

describeOnPostgres('connections to PostgreSQL', (server) => {
  test('a query that begins only after its caller has gone is ended too', async () => {
    const { url } = server();
    const cancel = (processId: number) =>
      onServer(url, (client) => client.query('SELECT pg_cancel_backend($1)', [processId])).then(() => {});
    const pool = new PostgresPool({ url, schema: 'public', most: 1, statementTimeoutMs: 0, cancel });
    const leaving = new AbortController();
    try {
      const work = pool.use(leaving.signal, async (connection) => {
        await connection.rows('SELECT 1');
        leaving.abort(new DataForgeError('cancelled', 'Gone.'));
        await wait(300);
        return connection.rows('SELECT pg_sleep(600)');
      });
      await expect(work).rejects.toMatchObject({ code: 'cancelled' });
      expect(await pool.use(null, (connection) => connection.rows('SELECT 42'))).toEqual([['42']]);
    } finally {
      await pool.close();
    }
  });
});
