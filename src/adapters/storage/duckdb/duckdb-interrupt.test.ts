import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { DataForgeError } from '#domain/errors.ts';
import { interruptible } from './duckdb-interrupt.ts';

test('ends a statement that begins only after the signal has fired', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const leaving = new AbortController();
  const work = interruptible(connection, leaving.signal, async () => {
    await connection.run('SELECT 1');
    leaving.abort(new DataForgeError('cancelled', 'Gone.'));
    await connection.run('SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b');
  });
  await expect(work).rejects.toMatchObject({ code: 'cancelled' });
  expect((await connection.runAndReadAll('SELECT 42')).getRows()).toEqual([[42]]);
  connection.closeSync();
  instance.closeSync();
});
