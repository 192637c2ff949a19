import { uniqueConstraints } from '#domain/dataset/constraints.ts';
import { type Dataset, keyIndexes } from '#domain/dataset/dataset.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import { literal } from '../sql/identifier.ts';
import {
  columnAt,
  columnNames,
  currentTable,
  historyTable,
  propertyColumn,
  SYSTEM_COLUMN_NAMES,
} from './duckdb-layout.ts';
import type { LoadContext, StagedTable } from './duckdb-load-context.ts';
import { resolveStaged } from './duckdb-resolve.ts';

/** Counts of one stored block. */
export interface StoredBlock {
  readonly created: number;
  readonly updated: number;
  readonly ignored: number;
  /** Numbers that were used, from the first one given. */
  readonly numbers: number;
  /** Whether every row was new, so that nothing had to be resolved. */
  readonly isPlain: boolean;
}

/**
 * Moves the rows of a staged table into the dataset's tables, inside the session's transaction.
 * @param trusting leaves it to the indexes to turn rows away, where one is enough to refuse the body
 * @throws DataForgeError `key_exists` where that happens, or where rows were resolved and the policy is to abort
 */
export async function storeStaged(
  context: LoadContext,
  block: StagedTable,
  stamp: CommitStamp,
  originId: number,
  { trusting }: { readonly trusting: boolean },
): Promise<StoredBlock> {
  const { request, session } = context;
  const { dataset } = request;
  const hasIds = await stagedHasIds(context, block);
  const aborts = trusting && request.onConflict === 'error' && request.onInvalid === 'abort';
  const keysMayMeet = uniqueConstraints(dataset).length > 0 && !aborts;
  const simple = !keysMayMeet && !(hasIds && (await idsMeet(context, block)));
  if (simple) {
    const created = block.complete ? block.rows : await countOk(context, block);
    const source = block.complete ? staged(block) : numberedOk(block);
    await session.execute(insertSql(dataset, stamp, originId, source, hasIds));
    return { created, updated: 0, ignored: 0, numbers: created, isPlain: true };
  }
  return storeResolved(context, block, stamp, originId, hasIds);
}

function staged({ table }: StagedTable): string {
  return `SELECT rowid AS ord, * FROM ${table}`;
}

function numberedOk({ table }: StagedTable): string {
  return `SELECT row_number() OVER (ORDER BY rowid) - 1 AS ord, * FROM ${table} WHERE ok`;
}

async function stagedHasIds({ session }: LoadContext, { table }: StagedTable): Promise<boolean> {
  const [row] = await session.rows(`SELECT count(*) > 0 FROM (SELECT 1 FROM ${table} WHERE gid IS NOT NULL LIMIT 1)`);
  return row?.[0] === true;
}

/** Whether an id that was given is there twice, or in the dataset already. */
async function idsMeet({ session, request }: LoadContext, { table }: StagedTable): Promise<boolean> {
  const [row] = await session.rows(
    `SELECT count(gid) > count(DISTINCT gid) OR EXISTS ` +
      `(SELECT 1 FROM ${currentTable(request.dataset)} c SEMI JOIN ${table} s ON c._id = s.gid) FROM ${table}`,
  );
  return row?.[0] === true;
}

async function countOk({ session }: LoadContext, { table }: StagedTable): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) FROM ${table} WHERE ok`);
  return Number(row?.[0]);
}

function insertSql(dataset: Dataset, stamp: CommitStamp, originId: number, source: string, hasIds: boolean): string {
  const at = `TIMESTAMP ${literal(stamp.at.slice(0, -1))}`;
  const seq = `(${stamp.firstSeq} + ord)`;
  const own = idSql(stamp.idPrefix, seq);
  const id = hasIds ? `coalesce(gid, ${own})` : own;
  const locator = hasIds ? `CASE WHEN gid IS NULL THEN ${seq} ELSE ${locatorSql('gid')} END` : seq;
  const properties = dataset.properties.map((_, index) => `p${index}`);
  const values = [id, at, at, '1', seq, locator, String(originId), ...properties].join(', ');
  return `INSERT INTO ${currentTable(dataset)} (${columnNames(dataset)}) SELECT ${values} FROM (${source})`;
}

/** The id that `idOf` makes, put together from its bytes: that takes the engine half as long as by way of text. */
function idSql(prefix: string, seq: string): string {
  const hex = prefix.replaceAll('-', '');
  const first = hex.slice(0, 16).replace(/../g, '\\x$&');
  const rest = BigInt(`0x${hex.slice(16)}`) << 48n;
  return `('${first}'::BLOB || (${rest}::UBIGINT + ${seq}::UBIGINT)::BIT::BLOB)::UUID`;
}

function locatorSql(id: string): string {
  return `('0x' || right(${id}::VARCHAR, 12))::BIGINT`;
}

/** Stores a block whose rows may meet others; each takes its number in the order sent. */
async function storeResolved(
  context: LoadContext,
  block: StagedTable,
  stamp: CommitStamp,
  originId: number,
  hasIds: boolean,
): Promise<StoredBlock> {
  const { session, request } = context;
  const { dataset } = request;
  await resolveStaged(context, block, hasIds);
  await session.execute(
    'CREATE OR REPLACE TEMP TABLE placed AS SELECT r.*, n.number FROM temp.resolved r LEFT JOIN ' +
      `(SELECT ord, row_number() OVER (ORDER BY ord) - 1 AS number FROM temp.resolved WHERE action IN ('create', 'update')) n ` +
      'ON n.ord = r.ord',
  );
  const [row] = await session.rows(
    `SELECT count(*) FILTER (action = 'create'), count(*) FILTER (action = 'update'), ` +
      `count(*) FILTER (action = 'ignore') FROM temp.placed`,
  );
  const [created = 0, updated = 0, ignored = 0] = (row ?? []).map(Number);
  const numbered = (action: string) =>
    `SELECT s.*, r.old, r.number AS ord FROM temp.placed r JOIN ${block.table} s ` +
    `ON s.rowid = r.ord WHERE r.action = '${action}' ORDER BY r.ord`;
  // A new record may take a value that an update has given free.
  if (updated > 0) {
    await session.execute(`CREATE OR REPLACE TEMP TABLE replacing AS ${numbered('update')}`);
    for (const sql of updateSql(dataset, stamp, originId)) await session.execute(sql);
  }
  if (created > 0) await session.execute(insertSql(dataset, stamp, originId, numbered('create'), hasIds));
  return { created, updated, ignored, numbers: created + updated, isPlain: false };
}

function updateSql(dataset: Dataset, stamp: CommitStamp, originId: number): string[] {
  const at = `TIMESTAMP ${literal(stamp.at.slice(0, -1))}`;
  const columns = [...SYSTEM_COLUMN_NAMES, ...dataset.properties.map(propertyColumn)];
  const key = new Set(keyIndexes(dataset));
  const sets = dataset.properties.flatMap((_, index) =>
    key.has(index) ? [] : [`${columnAt(dataset, index)} = u.p${index}`],
  );
  return [
    `INSERT INTO ${historyTable(dataset)} (${columnNames(dataset)}, _to_seq, _to_at, _to_origin, _deleted) ` +
      `SELECT ${columns.map((name) => `c.${name}`).join(', ')}, ${stamp.firstSeq} + u.ord, ${at}, ${originId}, FALSE ` +
      `FROM ${currentTable(dataset)} c JOIN temp.replacing u ON c._id = u.old`,
    `UPDATE ${currentTable(dataset)} AS c SET _updated_at = ${at}, _version = c._version + 1, ` +
      `_seq = ${stamp.firstSeq} + u.ord, _origin = ${originId}${sets.map((set) => `, ${set}`).join('')} ` +
      'FROM temp.replacing u WHERE c._id = u.old',
  ];
}
