import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { to as copyTo } from 'pg-copy-streams';
import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { datasetsIn } from './postgres-evolve.ts';
import { createFoldFunction } from './postgres-fold.ts';
import {
  columnNames,
  createTables,
  currentTable,
  DATASETS,
  declaredIndexes,
  HISTORY_COLUMN_NAMES,
  historyTable,
  MARKS,
  META_TABLES,
  ORIGINS,
  STORE,
} from './postgres-layout.ts';
import { quotedName } from './postgres-names.ts';
import type { PostgresStore } from './postgres-store.ts';

const META_COLUMNS: readonly (readonly [table: string, columns: string])[] = [
  [STORE, 'format, sequence, committed_at'],
  [DATASETS, 'name, definition, trimmed_to'],
  [ORIGINS, 'id, caller, run'],
  [MARKS, 'kind, key, value, made_at'],
];

/**
 * Writes the store, as one snapshot has it, to a new file: a script that `psql` makes it of again, in a database that has
 * no schema of its name. The file gets its name when it is whole and on disk.
 * @throws DataForgeError `invalid_parameter` where the file exists
 */
export async function writeBackup({ streams, schema }: PostgresStore, to: string): Promise<void> {
  if (await exists(to)) {
    throw new DataForgeError('invalid_parameter', `${to} exists already; name a file that does not, or remove it.`);
  }
  const part = `${to}.part`;
  try {
    await streams.use(null, (connection) =>
      connection.snapshot(() => pipeline(Readable.from(scriptOf(connection, schema)), createWriteStream(part))),
    );
    const file = await open(part, 'r+');
    await file.sync();
    await file.close();
    await rename(part, to);
  } finally {
    await rm(part, { force: true });
  }
}

async function* scriptOf(connection: PostgresConnection, schema: string): AsyncGenerator<string | Buffer> {
  const datasets = await datasetsIn(connection);
  yield '-- A backup of Data Forge. Restore it with: psql --single-transaction -v ON_ERROR_STOP=1 -f FILE DATABASE_URL\n';
  yield statements([
    "SET client_encoding TO 'UTF8'",
    "SET datestyle TO 'ISO, YMD'",
    'SET standard_conforming_strings TO on',
    `CREATE SCHEMA ${quotedName(schema)}`,
    `SET search_path TO ${quotedName(schema)}`,
    ...META_TABLES,
    `DELETE FROM ${STORE}`,
    createFoldFunction(),
  ]);
  for (const [table, columns] of META_COLUMNS) yield* rowsOf(connection, table, columns);
  yield statements([`SELECT setval(pg_get_serial_sequence('${ORIGINS}', 'id'), max(id)) FROM ${ORIGINS}`]);
  for (const dataset of datasets) yield* datasetOf(connection, dataset);
}

async function* datasetOf(connection: PostgresConnection, dataset: Dataset): AsyncGenerator<string | Buffer> {
  yield statements(createTables(dataset));
  const columns = columnNames(dataset);
  yield* rowsOf(connection, currentTable(dataset), columns.join(', '));
  yield* rowsOf(connection, historyTable(dataset), [...HISTORY_COLUMN_NAMES, ...columns].join(', '));
  yield statements(declaredIndexes(dataset).map(({ sql }) => sql));
}

async function* rowsOf(
  connection: PostgresConnection,
  table: string,
  columns: string,
): AsyncGenerator<string | Buffer> {
  yield `COPY ${table} (${columns}) FROM stdin;\n`;
  yield* connection.client.query(copyTo(`COPY ${table} (${columns}) TO STDOUT`)) as AsyncIterable<Buffer>;
  yield '\\.\n\n';
}

function statements(all: readonly string[]): string {
  return `${all.map((sql) => `${sql};\n`).join('')}\n`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
