import type { BulkRequest } from '#application/ports/bulk-loader.ts';
import { describeKey, uniqueConstraints } from '#domain/dataset/constraints.ts';
import { type Dataset, keyIndexes } from '#domain/dataset/dataset.ts';
import type { Fault } from '#domain/errors.ts';
import type { Value } from '#domain/record/value.ts';
import { columnAt, currentTable } from './duckdb-layout.ts';
import type { LoadContext, StagedTable } from './duckdb-load-context.ts';
import { resolveExactly } from './duckdb-resolve-exactly.ts';
import { canonicalValue } from './duckdb-rows.ts';

/** Conflicts that are told one by one; the others are counted. */
const TOLD_CONFLICTS = 1000;

/**
 * Says of each staged row what becomes of it, in the table `temp.resolved`: `action` is `create`, `update` (of `old`),
 * `ignore` (for the sake of `old`) or `conflict`; `holder` is the row of the body whose fate it shares. All rows are
 * judged at once where that gives the same as one behind the other: where no row can be in the way of another but by the
 * one thing that tells rows apart. Else they are gone through.
 */
export async function resolveStaged(context: LoadContext, block: StagedTable, hasIds: boolean): Promise<void> {
  const { request, session } = context;
  const { dataset } = request;
  const isKeyed = dataset.primaryKey.length > 0;
  if (isKeyed && hasIds && (await idsMeetOthers(context, block))) return resolveExactly(context, block);
  await session.execute(resolveSql(request, block));
  if (await meetsUniqueValues(context, block)) return resolveExactly(context, block);
  await rejectConflicts(context, block);
}

/** What tells rows of one body apart: the natural key, else the id that was given. */
function identityColumns(dataset: Dataset): string[] {
  const key = keyIndexes(dataset);
  return key.length > 0 ? key.map((index) => `p${index}`) : ['gid'];
}

/** Whether an id that was given comes twice, or is that of a record with another key. */
async function idsMeetOthers({ session, request }: LoadContext, { table }: StagedTable): Promise<boolean> {
  const { dataset } = request;
  const same = keyIndexes(dataset).map((index) => `c.${columnAt(dataset, index)} = s.p${index}`);
  const [row] = await session.rows(
    `SELECT count(gid) > count(DISTINCT gid) OR EXISTS (SELECT 1 FROM ${currentTable(dataset)} c JOIN ${table} s ` +
      `ON c._id = s.gid WHERE s.ok AND NOT (${same.join(' AND ')})) FROM ${table} WHERE ok`,
  );
  return row?.[0] === true;
}

function resolveSql({ dataset, onConflict }: BulkRequest, { table }: StagedTable): string {
  const identity = identityColumns(dataset);
  const key = keyIndexes(dataset);
  const known = key.length === 0 ? 's.gid IS NOT NULL' : 'TRUE';
  const matches =
    key.length > 0 ? key.map((index) => `c.${columnAt(dataset, index)} = s.p${index}`).join(' AND ') : `c._id = s.gid`;
  const same = dataset.properties.map((_, index) => `c.${columnAt(dataset, index)} IS NOT DISTINCT FROM s.p${index}`);
  const taken = {
    error: `'conflict'`,
    ignore: `'ignore'`,
    update: `CASE WHEN ${same.join(' AND ')} THEN 'ignore' ELSE 'update' END`,
  };
  const later = onConflict === 'error' ? `'conflict'` : `'ignore'`;
  const window = `(PARTITION BY ${identity.join(', ')} ORDER BY ${onConflict === 'update' ? 'rowid DESC' : 'rowid'})`;
  return (
    `CREATE OR REPLACE TEMP TABLE resolved AS SELECT s.ord, c._id AS old, CASE WHEN ${known} THEN s.first ELSE s.ord END AS holder, ` +
    `CASE WHEN s.ord <> s.first AND ${known} THEN ${later} WHEN c._id IS NOT NULL THEN ${taken[onConflict]} ELSE 'create' END AS action ` +
    `FROM (SELECT rowid AS ord, first_value(rowid) OVER ${window} AS first, * ` +
    `FROM ${table} WHERE ok) s LEFT JOIN ${currentTable(dataset)} c ON ${matches}`
  );
}

/** Whether a value of a `unique` property comes twice, or is one that another record has; or a key where there is such a property. */
async function meetsUniqueValues({ request, session }: LoadContext, { table }: StagedTable): Promise<boolean> {
  const { dataset } = request;
  const others = uniqueConstraints(dataset).filter(({ kind }) => kind === 'unique');
  if (others.length === 0) return false;
  const meets = others.map(({ indexes: [index = 0] }) => {
    const value = `p${index}`;
    return (
      `SELECT 1 FROM (SELECT s.${value} AS value, r.old, row_number() OVER (PARTITION BY s.${value}) AS place ` +
      `FROM temp.resolved r JOIN ${table} s ON s.rowid = r.ord WHERE r.action IN ('create', 'update') AND s.${value} IS NOT NULL) n ` +
      `LEFT JOIN ${currentTable(dataset)} c ON c.${columnAt(dataset, index)} = n.value AND c._id IS DISTINCT FROM n.old ` +
      'WHERE n.place > 1 OR c._id IS NOT NULL'
    );
  });
  const conflicts = `SELECT 1 FROM temp.resolved WHERE action = 'conflict'`;
  const [row] = await session.rows(`SELECT 1 FROM (${[conflicts, ...meets].join(' UNION ALL ')}) LIMIT 1`);
  return row !== undefined;
}

async function rejectConflicts({ session, rejections, request }: LoadContext, block: StagedTable): Promise<void> {
  const { dataset } = request;
  const key = uniqueConstraints(dataset).find(({ kind }) => kind === 'key');
  const values = (key?.indexes ?? []).map((index) => {
    const property = dataset.properties[index];
    return property === undefined ? 'NULL' : canonicalValue(property.dbType, `s.p${index}`);
  });
  const ofId = key === undefined ? 's.gid' : 'CASE WHEN s.gid = r.old THEN s.gid END';
  const conflicts = await session.rows(
    `SELECT ${['r.ord', `${ofId}::VARCHAR`, ...values].join(', ')} FROM temp.resolved r JOIN ${block.table} s ON s.rowid = r.ord ` +
      `WHERE r.action = 'conflict' ORDER BY r.ord LIMIT ${TOLD_CONFLICTS + 1}`,
  );
  if (conflicts.length === 0) return;
  for (const [place, id, ...texts] of conflicts.slice(0, TOLD_CONFLICTS)) {
    const isKey = id === null && key !== undefined;
    const what = isKey ? describeKey(dataset, key, texts as Value[]) : `the id ${id}`;
    const fault: Fault = { pointer: '', message: `Dataset "${dataset.name}" has a record with ${what} already.` };
    rejections.add(block.lineOf(Number(place)), [fault], 'key_exists');
  }
  if (conflicts.length > TOLD_CONFLICTS) {
    const [row] = await session.rows(`SELECT count(*) FROM temp.resolved WHERE action = 'conflict'`);
    rejections.addUnreported(Number(row?.[0]) - TOLD_CONFLICTS);
  }
  rejections.throwIfAborting();
}
