import type { ChangesPage } from '#application/ports/change-log.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { RenderedChange, StoredRecord } from '#domain/record/record.ts';
import { type ChangeFacts, changeRenderer } from '#formats/json/render-change.ts';
import type { SqliteConnection, SqliteRow } from './sqlite-connection.ts';
import { currentTable, historyTable, propertyColumn } from './sqlite-layout.ts';
import type { ReaderCalls } from './sqlite-reader-calls.ts';
import { recordColumns, recordReader } from './sqlite-records.ts';
import { decoderOf, type SqliteValue } from './sqlite-values.ts';

type Request = ReaderCalls['changes']['argument'];

/** A page of the changes feed: current rows, former images and deletes, by number; of one snapshot. */
export function readChanges(connection: SqliteConnection, request: Request): ChangesPage {
  return connection.snapshot(() => {
    const { dataset, since, limit, head, latest } = request;
    const sql = latest ? latestSql(request) : everySql(request);
    const rows = connection.rows(sql, [since, head]);
    const hasMore = rows.length > limit;
    const read = factsReader(dataset);
    const render = changeRenderer(dataset);
    const changes = rows.slice(0, limit).map((row): RenderedChange => {
      const facts = read(row);
      return { seq: facts.seq, operation: facts.operation, id: facts.id, json: render(facts) };
    });
    const next = hasMore ? (changes.at(-1)?.seq ?? since) : Math.max(head, since);
    return { changes: request.images ? withImages(connection, request, changes) : changes, next, hasMore };
  });
}

/** The changes with the records that they ended and began. */
function withImages(
  connection: SqliteConnection,
  { dataset, since }: Request,
  changes: readonly RenderedChange[],
): readonly RenderedChange[] {
  const last = changes.at(-1)?.seq;
  if (last === undefined) return changes;
  const columns = recordColumns(dataset, null);
  const history = `SELECT ${columns}, _to_seq FROM ${historyTable(dataset)} WHERE`;
  const sql = [
    ...currentArms(dataset, `${columns}, NULL`),
    `${history} _seq > ?1 AND _seq <= ?2`,
    `${history} _to_seq > ?1 AND _to_seq <= ?2`,
  ].join(' UNION ALL ');
  const read = recordReader(dataset, null);
  const before = new Map<number, StoredRecord>();
  const after = new Map<number, StoredRecord>();
  for (const row of connection.rows(sql, [since, last])) {
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

/** Rows of the range that stand: those never changed lie by their number, the others have an index. */
function currentArms(dataset: Dataset, columns: string): string[] {
  const select = `SELECT ${columns} FROM ${currentTable(dataset)} WHERE`;
  return [`${select} _row > ?1 AND _row <= ?2 AND _seq = _row`, `${select} _seq > ?1 AND _seq <= ?2 AND _seq > _row`];
}

/** Each part is sorted by itself, so that the engine merges them and stops at the limit. */
function everySql({ dataset, limit }: Request): string {
  const columns = versionColumns(dataset);
  const arms = [
    ...currentArms(dataset, columns),
    `SELECT ${columns} FROM ${historyTable(dataset)} WHERE _seq > ?1 AND _seq <= ?2`,
    `${deletes(dataset)} AND _to_seq > ?1 AND _to_seq <= ?2`,
  ];
  return `${arms.join(' UNION ALL ')} ORDER BY 1 LIMIT ${limit + 1}`;
}

/** The newest change of each record: what stands now, and the last delete of what does not. */
function latestSql({ dataset, limit }: Request): string {
  const [current, history] = [currentTable(dataset), historyTable(dataset)];
  const arms = [
    ...currentArms(dataset, versionColumns(dataset)),
    `${deletes(dataset)} AND _to_seq > ?1 AND _to_seq <= ?2 ` +
      `AND NOT EXISTS (SELECT 1 FROM ${current} AS c WHERE c._row = h._row AND c._id = h._id) ` +
      `AND NOT EXISTS (SELECT 1 FROM ${current} AS c WHERE c._id = h._id AND c._foreign = 1) ` +
      `AND NOT EXISTS (SELECT 1 FROM ${history} AS l WHERE l._id = h._id AND l._deleted = 1 AND l._to_seq > h._to_seq)`,
  ];
  return `${arms.join(' UNION ALL ')} ORDER BY 1 LIMIT ${limit + 1}`;
}

function versionColumns({ properties }: Dataset): string {
  return ['_seq', '0', '_id', '_version', '_updated_at', ...properties.map(propertyColumn)].join(', ');
}

function deletes(dataset: Dataset): string {
  const nothing = dataset.properties.map(() => ', NULL').join('');
  return `SELECT _to_seq, 1, _id, _version + 1, _to_at${nothing} FROM ${historyTable(dataset)} AS h WHERE _deleted = 1`;
}

function factsReader({ properties }: Dataset): (row: SqliteRow) => ChangeFacts {
  const instant = decoderOf({ name: 'TIMESTAMP' });
  const decoders = properties.map(({ dbType }) => decoderOf(dbType));
  return ([seq, isDelete, id, version, changedAt, ...values]) => ({
    seq: Number(seq),
    operation: Number(isDelete) === 1 ? 'delete' : Number(version) === 1 ? 'create' : 'update',
    id: String(id),
    version: Number(version),
    changedAt: instant(changedAt as SqliteValue) as string,
    row: Number(isDelete) === 1 ? null : values.map((value, index) => decoders[index]?.(value) ?? null),
  });
}
