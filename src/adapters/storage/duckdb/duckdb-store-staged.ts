import type { BulkRequest } from '#application/ports/bulk-loader.ts';
import { type UniqueConstraint, uniqueConstraints } from '#domain/dataset/constraints.ts';
import { type Dataset, keyIndexes } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { CommitStamp } from '#domain/record/write-draft.ts';
import { literal } from '../sql/identifier.ts';
import { columnNames, currentTable, historyTable, propertyColumn, SYSTEM_COLUMN_NAMES } from './duckdb-layout.ts';
import type { LoadContext, StagedBlock } from './duckdb-load-context.ts';
import { recordJson } from './duckdb-render.ts';
import { TextBytes } from './duckdb-text.ts';

/** Counts of one stored block. */
export interface StoredBlock {
  readonly created: number;
  readonly updated: number;
  readonly ignored: number;
  /** Numbers that were used, from the first one given. */
  readonly numbers: number;
}

/** A block in a temporary table of its own. */
export interface StagedTable extends StagedBlock {
  readonly table: string;
}

/** Moves the rows of a staged table into the dataset's tables, inside the session's transaction. */
export async function storeStaged(
  context: LoadContext,
  block: StagedTable,
  stamp: CommitStamp,
  originId: number,
): Promise<StoredBlock> {
  const { request, session } = context;
  const { dataset } = request;
  const hasIds = await stagedHasIds(context, block);
  const aborts = request.onConflict === 'error' && request.onInvalid === 'abort';
  const keysMayMeet = uniqueConstraints(dataset).length > 0 && !aborts;
  const simple = !keysMayMeet && !(hasIds && (await idsMeet(context, block)));
  if (simple) {
    const created = block.complete ? block.rows : await countOk(context, block);
    const source = block.complete ? staged(block) : numberedOk(block);
    await session.execute(insertSql(dataset, stamp, originId, source, hasIds));
    return { created, updated: 0, ignored: 0, numbers: created };
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

/**
 * Stores a block whose rows may meet others. `resolved` says of each staged row what becomes of it: `create`, `update`
 * (of `old`), `ignore`, or `conflict`.
 */
async function storeResolved(
  context: LoadContext,
  block: StagedTable,
  stamp: CommitStamp,
  originId: number,
  hasIds: boolean,
): Promise<StoredBlock> {
  const { request, session } = context;
  const { dataset } = request;
  await session.execute(resolveSql(request, block, hasIds));
  await markUniqueConflicts(context, block, hasIds);
  await rejectConflicts(context, block);
  const [row] = await session.rows(
    `SELECT count(*) FILTER (action = 'create'), count(*) FILTER (action = 'update'), ` +
      `count(*) FILTER (action = 'ignore') FROM temp.resolved`,
  );
  const [created = 0, updated = 0, ignored = 0] = (row ?? []).map(Number);
  const numbered = (action: string) =>
    `SELECT s.*, r.old, row_number() OVER (ORDER BY r.ord) - 1 AS ord FROM temp.resolved r JOIN ${block.table} s ` +
    `ON s.rowid = r.ord WHERE r.action = '${action}' ORDER BY r.ord`;
  if (created > 0) await session.execute(insertSql(dataset, stamp, originId, numbered('create'), hasIds));
  if (updated > 0) {
    const from = { ...stamp, firstSeq: stamp.firstSeq + created };
    await session.execute(`CREATE OR REPLACE TEMP TABLE replacing AS ${numbered('update')}`);
    for (const sql of updateSql(dataset, from, originId)) await session.execute(sql);
  }
  return { created, updated, ignored, numbers: created + updated };
}

/** What tells rows of one body apart: the natural key, else the id that was given. */
function identityColumns(dataset: Dataset): string[] {
  const key = keyIndexes(dataset);
  return key.length > 0 ? key.map((index) => `p${index}`) : ['gid'];
}

function resolveSql({ dataset, onConflict }: BulkRequest, { table }: StagedTable, hasIds: boolean): string {
  const identity = identityColumns(dataset);
  const key = keyIndexes(dataset);
  const known = key.length === 0 ? 's.gid IS NOT NULL' : 'TRUE';
  const matches =
    key.length > 0 ? key.map((index) => `c.${column(dataset, index)} = s.p${index}`).join(' AND ') : `c._id = s.gid`;
  const order = onConflict === 'update' ? 'rowid DESC' : 'rowid';
  const same = dataset.properties.map((_, index) => `c.${column(dataset, index)} IS NOT DISTINCT FROM s.p${index}`);
  const taken = {
    error: `'conflict'`,
    ignore: `'ignore'`,
    update: `CASE WHEN ${same.join(' AND ')} THEN 'ignore' ELSE 'update' END`,
  };
  const later = onConflict === 'error' ? `'conflict'` : `'ignore'`;
  const otherId =
    hasIds && key.length > 0
      ? ` WHEN s.gid IS NOT NULL AND EXISTS (SELECT 1 FROM ${currentTable(dataset)} o WHERE o._id = s.gid AND o._id IS DISTINCT FROM c._id) THEN 'conflict'`
      : '';
  return (
    `CREATE OR REPLACE TEMP TABLE resolved AS SELECT s.ord, c._id AS old, ` +
    `CASE WHEN s.place > 1 AND ${known} THEN ${later}${otherId} WHEN c._id IS NOT NULL THEN ${taken[onConflict]} ELSE 'create' END AS action ` +
    `FROM (SELECT rowid AS ord, row_number() OVER (PARTITION BY ${identity.join(', ')} ORDER BY ${order}) AS place, * ` +
    `FROM ${table} WHERE ok) s LEFT JOIN ${currentTable(dataset)} c ON ${matches}`
  );
}

/** Rows that would be created or updated with a value of a `unique` property that another record has. */
async function markUniqueConflicts(
  { request, session }: LoadContext,
  { table }: StagedTable,
  hasIds: boolean,
): Promise<void> {
  const { dataset } = request;
  const others = uniqueConstraints(dataset).filter((constraint) => constraint.kind === 'unique');
  if (hasIds && keyIndexes(dataset).length > 0) {
    await session.execute(
      `UPDATE temp.resolved SET action = 'conflict' WHERE action = 'create' AND ord IN (SELECT ord FROM (SELECT rowid AS ord, ` +
        `row_number() OVER (PARTITION BY gid ORDER BY rowid) AS place FROM ${table} WHERE ok AND gid IS NOT NULL) WHERE place > 1)`,
    );
  }
  for (const constraint of others) await session.execute(uniqueConflictSql(dataset, table, constraint));
}

function uniqueConflictSql(dataset: Dataset, table: string, { indexes }: UniqueConstraint): string {
  const index = indexes[0] ?? 0;
  const value = `p${index}`;
  return (
    `UPDATE temp.resolved SET action = 'conflict' WHERE action IN ('create', 'update') AND ord IN (` +
    `SELECT ord FROM (SELECT r.ord, s.${value} AS value, r.old, row_number() OVER (PARTITION BY s.${value} ORDER BY r.ord) AS place ` +
    `FROM temp.resolved r JOIN ${table} s ON s.rowid = r.ord WHERE r.action IN ('create', 'update') AND s.${value} IS NOT NULL) n ` +
    `LEFT JOIN ${currentTable(dataset)} c ON c.${column(dataset, index)} = n.value AND c._id IS DISTINCT FROM n.old ` +
    `WHERE n.place > 1 OR c._id IS NOT NULL)`
  );
}

async function rejectConflicts(context: LoadContext, block: StagedTable): Promise<void> {
  const { session, rejections, request } = context;
  const conflicts = await session.rows(
    `SELECT ord FROM temp.resolved WHERE action = 'conflict' ORDER BY ord LIMIT 1001`,
  );
  if (conflicts.length === 0) return;
  const message = `Dataset "${request.dataset.name}" has a record with this key already, or an earlier row has it.`;
  for (const [place] of conflicts.slice(0, 1000)) {
    rejections.add(block.lineOf(Number(place)), [{ pointer: '', message }], 'key_exists');
  }
  if (conflicts.length > 1000) {
    const [row] = await session.rows(`SELECT count(*) FROM temp.resolved WHERE action = 'conflict'`);
    rejections.addUnreported(Number(row?.[0]) - 1000);
  }
  rejections.throwIfAborting();
}

function updateSql(dataset: Dataset, stamp: CommitStamp, originId: number): string[] {
  const at = `TIMESTAMP ${literal(stamp.at.slice(0, -1))}`;
  const columns = [...SYSTEM_COLUMN_NAMES, ...dataset.properties.map(propertyColumn)];
  const key = new Set(keyIndexes(dataset));
  const sets = dataset.properties.flatMap((_, index) =>
    key.has(index) ? [] : [`${column(dataset, index)} = u.p${index}`],
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

/** What a record may take as JSON, and what is set aside for all of them, to begin with. */
const RECORD_BYTES = 512;
const MOST_RESERVED = 16 * 1024 * 1024;

/** For each staged row the record that now stands, rendered, in the order sent, with commas between. */
export async function renderStored(
  { request, session }: LoadContext,
  { table, rows }: StagedTable,
  stamp: CommitStamp,
  stored: StoredBlock,
): Promise<Uint8Array> {
  const { dataset } = request;
  const json = recordJson(dataset, null);
  const last = stamp.firstSeq + stored.numbers - 1;
  const plain = stored.updated === 0 && stored.ignored === 0;
  const key = keyIndexes(dataset);
  const matches =
    key.length > 0 ? key.map((index) => `c.${column(dataset, index)} = s.p${index}`).join(' AND ') : 'c._id = s.gid';
  const records = plain
    ? `SELECT ${json} AS json, _seq AS ord FROM ${currentTable(dataset)} WHERE _seq >= ${stamp.firstSeq} AND _seq <= ${last}`
    : `SELECT ${json} AS json, s.rowid AS ord FROM ${table} s JOIN ${currentTable(dataset)} c ON ${matches} WHERE s.ok`;
  const next = await session.stream(`SELECT concat(json, ',') FROM (${records}) ORDER BY ord`, [], request.signal);
  const texts = new TextBytes(Math.min(rows * RECORD_BYTES, MOST_RESERVED));
  for (let chunk = await next(); chunk !== null; chunk = await next()) texts.appendChunk(chunk);
  return texts.finish().subarray(0, -1);
}

function column(dataset: Dataset, index: number): string {
  const property = dataset.properties[index];
  if (property === undefined)
    throw new DataForgeError('internal', `dataset "${dataset.name}" has no property ${index}`);
  return propertyColumn(property);
}
