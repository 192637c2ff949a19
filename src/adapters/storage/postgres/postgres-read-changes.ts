import type { ChangesPage, ChangesRequest } from '#application/ports/change-log.ts';
import { refuseTrimmed } from '#application/records/history-floor.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RenderedChange, StoredRecord } from '#domain/record/record.ts';
import { type ChangeFacts, changeRenderer } from '#formats/json/render-change.ts';
import type { PostgresConnection, PostgresRow } from './postgres-connection.ts';
import { currentTable, DATASETS, historyTable, propertyColumn, STORE } from './postgres-layout.ts';
import { recordColumns, recordReader } from './postgres-records.ts';
import { decoderOf, type PostgresValue, parameterType } from './postgres-values.ts';

type Request = Omit<ChangesRequest, 'signal'>;

/** A page of the changes feed: current rows, former images and deletes, by number; of one snapshot. */
export async function readChanges(
  connection: PostgresConnection,
  request: Request,
): Promise<{ readonly page: ChangesPage; readonly head: number }> {
  const { dataset, since, limit, latest, images } = request;
  return connection.snapshot(async () => {
    const facts = `SELECT sequence, (SELECT trimmed_to FROM ${DATASETS} WHERE name = $1) FROM ${STORE}`;
    const [head, trimmedTo] = ((await connection.row(facts, [dataset.name])) ?? []).map(Number);
    refuseTrimmed(dataset, since, trimmedTo ?? 0);
    const rows = await connection.rows(latest ? latestSql(request) : everySql(request), [String(since)]);
    const hasMore = rows.length > limit;
    const read = factsReader(dataset);
    const render = changeRenderer(dataset);
    const changes = rows.slice(0, limit).map((row): RenderedChange => {
      const change = read(row);
      return { seq: change.seq, operation: change.operation, id: change.id, json: render(change) };
    });
    const visible = head ?? 0;
    const next = hasMore ? (changes.at(-1)?.seq ?? since) : Math.max(visible, since);
    const shown = images ? await withImages(connection, request, changes) : changes;
    return { page: { changes: shown, next, hasMore }, head: visible };
  });
}

/** The changes with the records that they ended and began. */
async function withImages(
  connection: PostgresConnection,
  { dataset, since }: Request,
  changes: readonly RenderedChange[],
): Promise<readonly RenderedChange[]> {
  const last = changes.at(-1)?.seq;
  if (last === undefined) return changes;
  const columns = recordColumns(dataset, null);
  const history = `SELECT ${columns}, _to_seq FROM ${historyTable(dataset)} WHERE`;
  const sql = [
    `SELECT ${columns}, NULL::bigint FROM ${currentTable(dataset)} WHERE _seq > $1::bigint AND _seq <= $2::bigint`,
    `${history} _seq > $1::bigint AND _seq <= $2::bigint`,
    `${history} _to_seq > $1::bigint AND _to_seq <= $2::bigint`,
  ].join(' UNION ALL ');
  const read = recordReader(dataset, null);
  const before = new Map<number, StoredRecord>();
  const after = new Map<number, StoredRecord>();
  for (const row of await connection.rows(sql, [String(since), String(last)])) {
    const record = read(row);
    const ended = row.at(-1) ?? null;
    after.set(record.seq, record);
    if (ended !== null) before.set(Number(ended), record);
  }
  return changes.map((change) => ({
    ...change,
    images: { before: before.get(change.seq) ?? null, after: after.get(change.seq) ?? null },
  }));
}

/** Each part is sorted and cut by itself, so that the engine follows an index of each and stops at the limit. */
function everySql({ dataset, limit }: Request): string {
  const columns = versionColumns(dataset);
  return merged(limit, [
    `SELECT ${columns} FROM ${currentTable(dataset)} WHERE _seq > $1::bigint`,
    `SELECT ${columns} FROM ${historyTable(dataset)} WHERE _seq > $1::bigint`,
    `${deletes(dataset)} AND _to_seq > $1::bigint`,
  ]);
}

/** The newest change of each record: what stands now, and the last delete of what does not. */
function latestSql({ dataset, limit }: Request): string {
  const [current, history] = [currentTable(dataset), historyTable(dataset)];
  return merged(limit, [
    `SELECT ${versionColumns(dataset)} FROM ${current} WHERE _seq > $1::bigint`,
    `${deletes(dataset)} AND _to_seq > $1::bigint ` +
      `AND NOT EXISTS (SELECT 1 FROM ${current} AS c WHERE c._id = h._id) ` +
      `AND NOT EXISTS (SELECT 1 FROM ${history} AS l WHERE l._id = h._id AND l._deleted AND l._to_seq > h._to_seq)`,
  ]);
}

function merged(limit: number, arms: readonly string[]): string {
  const end = `ORDER BY 1 LIMIT ${limit + 1}`;
  return `${arms.map((arm) => `(${arm} ${end})`).join(' UNION ALL ')} ${end}`;
}

function versionColumns({ properties }: Dataset): string {
  return ['_seq', 'false', '_id', '_version', '_updated_at', ...properties.map(propertyColumn)].join(', ');
}

function deletes(dataset: Dataset): string {
  const history = historyTable(dataset);
  const nothing = dataset.properties.map(({ dbType }) => `, NULL::${parameterType(dbType)}`);
  return `SELECT _to_seq, true, _id, _version + 1, _to_at${nothing.join('')} FROM ${history} AS h WHERE _deleted`;
}

function factsReader({ properties }: Dataset): (row: PostgresRow) => ChangeFacts {
  const instant = decoderOf({ name: 'TIMESTAMP' });
  const decoders = properties.map(({ dbType }) => decoderOf(dbType));
  return ([seq, isDelete, id, version, changedAt, ...values]) => ({
    seq: Number(seq),
    operation: isDelete === 't' ? 'delete' : Number(version) === 1 ? 'create' : 'update',
    id: String(id),
    version: Number(version),
    changedAt: instant(changedAt as PostgresValue) as string,
    row: isDelete === 't' ? null : values.map((value, index) => decoders[index]?.(value) ?? null),
  });
}
