// Reads a file of SQLite in a process of its own, which can be ended in the middle of a statement.
import { once } from 'node:events';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { writeCsvRecord } from '#formats/csv/write-csv.ts';
import type { SqliteAnswer, SqliteQuestion } from './sqlite-calls.ts';

type Value = null | bigint | number | string | Uint8Array;

const BLOCK_CHARACTERS = 64 * 1024;
const BUSY_MS = 5000;
/** Another writer had the file for too long. */
const [SQLITE_BUSY, SQLITE_LOCKED] = [5, 6];

let database: DatabaseSync | null = null;

async function answer(question: SqliteQuestion): Promise<SqliteAnswer> {
  if (question.kind === 'look') {
    database = new DatabaseSync(question.path, { readOnly: true, timeout: BUSY_MS, allowExtension: false });
    database.exec('PRAGMA trusted_schema = OFF; BEGIN');
    return look(database, question);
  }
  if (database === null) throw new TypeError('nothing was looked at');
  await write(database.prepare(question.select), question.booleans);
  process.stdout.end();
  return { kind: 'end' };
}

function look(database: DatabaseSync, question: SqliteQuestion & { readonly kind: 'look' }): SqliteAnswer {
  const columns = database.prepare(`SELECT * FROM ${question.from} LIMIT 0`).columns();
  const [{ table = null, database: schema = null } = {}] = columns;
  const told =
    question.table && table !== null
      ? database.prepare('SELECT name, "notnull", pk FROM pragma_table_info(?, ?) ORDER BY pk').all(table, schema)
      : [];
  const keyed = told.filter(({ pk }) => Number(pk) > 0).map(({ name }) => String(name));
  const required = new Set([...told.filter(({ notnull }) => notnull === 1).map(({ name }) => String(name)), ...keyed]);
  return {
    kind: 'relation',
    columns: columns.map(({ name, type }) => ({ name, declared: type, nullable: !required.has(name) })),
    key: keyed,
  };
}

async function write(statement: StatementSync, booleans: readonly boolean[]): Promise<void> {
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  let block = writeCsvRecord(statement.columns().map(({ name }) => name));
  for (const row of statement.iterate() as unknown as Iterable<Value[]>) {
    block += writeCsvRecord(row.map((value, at) => cellOf(value, booleans[at] === true)));
    if (block.length < BLOCK_CHARACTERS) continue;
    await say(block);
    block = '';
  }
  await say(block);
}

/** Bytes are base64; a truth value is kept as a number. */
function cellOf(value: Value, isBoolean: boolean): string | null {
  if (value === null) return null;
  if (isBoolean && (value === 0n || value === 1n)) return String(value === 1n);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return String(value);
}

async function say(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

function failure(error: unknown): SqliteAnswer {
  const code = (error as { readonly errcode?: number }).errcode ?? 0;
  const mayPass = [SQLITE_BUSY, SQLITE_LOCKED].includes(code & 0xff);
  return { kind: 'failure', message: error instanceof Error ? error.message : String(error), mayPass };
}

process.on('message', async (question: SqliteQuestion) => {
  const said = await answer(question).catch(failure);
  process.send?.(said);
});
process.once('disconnect', () => process.exit());
