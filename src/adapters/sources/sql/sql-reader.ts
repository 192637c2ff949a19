import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { type Border, BorderKeeper } from '../shared/border.ts';
import type { Piece } from '../shared/cut-batches.ts';
import { type CsvPart, cellsOf, csvParts, recordAt } from './csv-parts.ts';
import { quoteName, type SourceColumn, type SourceRelation, type SqlDatabase } from './sql-database.ts';
import type { SqlOptions } from './sql-options.ts';

/** How far a relation was read: by its column of new rows, or within a run by its key. */
interface SqlCursor {
  readonly [member: string]: unknown;
  readonly border: Border | null;
  /** The key of the last row; null between two runs. */
  readonly after: readonly string[] | null;
}

const START: SqlCursor = { border: null, after: null };

/** Reads a relation on from the cursor, in an order in which it can be read on: of new rows, or of the key. */
export async function* readPieces(
  database: SqlDatabase,
  from: string,
  options: SqlOptions,
  opening: SourceOpening,
): AsyncGenerator<Piece> {
  const relation = await database.look(from, options.table !== null);
  const cursor = (opening.cursor as SqlCursor | null) ?? START;
  const { incremental } = options;
  const key = keyOf(relation, options);
  if (incremental !== null) {
    const column = sortable(columnOf(relation, incremental.column));
    yield* newRows({ database, from, relation, opening }, column, cursor.border, incremental.start);
  } else if (key.length > 0) {
    yield* rowsByKey({ database, from, relation, opening }, key, cursor.after);
  } else {
    opening.note('The rows have no key: all of them are one batch.');
    const body = database.read(selectOf(relation, from, [], []), relation);
    yield { kind: 'whole', rows: { format: 'csv', body }, cursor: START };
  }
}

/** The columns of the key, where rows can be read in their order. */
function keyOf(relation: SourceRelation, { key }: SqlOptions): readonly SourceColumn[] {
  if (key !== null) return key.map((name) => sortable(columnOf(relation, name)));
  const columns = relation.key.map((name) => columnOf(relation, name));
  return columns.every(({ isSortable }) => isSortable) ? columns : [];
}

interface Reading {
  readonly database: SqlDatabase;
  readonly from: string;
  readonly relation: SourceRelation;
  readonly opening: SourceOpening;
}

/** The rows from the border on, in order of the column, without those at the border that were read before. */
async function* newRows(
  { database, from, relation, opening }: Reading,
  column: SourceColumn,
  border: Border | null,
  start: string | null,
): AsyncGenerator<Piece> {
  const name = quoteName(column.name);
  const { window = null } = opening;
  const least = border?.value ?? window?.from ?? start;
  const conditions = [
    least === null ? `${name} IS NOT NULL` : `${name} >= ${column.literal(least)}`,
    ...(window === null ? [] : [`${name} < ${column.literal(window.to)}`]),
  ];
  const body = database.read(selectOf(relation, from, conditions, [column]), relation);
  const at = relation.columns.indexOf(column);
  const readValue = (record: Uint8Array) => plainValue(column, cellsOf(record)[at] ?? '');
  const keeper = new BorderKeeper(border);
  let mayBeKnown = border !== null;
  for await (const whole of csvParts(body, opening.batch.bytes)) {
    const part = mayBeKnown ? withoutSeen(whole, keeper, readValue) : whole;
    mayBeKnown &&= part.ends.length === 0 || readValue(recordAt(whole, whole.ends.length - 1)) === border?.value;
    moveBorder(keeper, part, readValue);
    yield pieceOf(part, { border: keeper.border, after: null });
  }
}

/** Equal values have one text: decimals may differ in zeros behind the point. */
function plainValue({ dbType }: SourceColumn, cell: string): string {
  return dbType.name === 'DECIMAL' && cell.includes('.') ? cell.replace(/\.?0+$/, '') : cell;
}

function withoutSeen(part: CsvPart, keeper: BorderKeeper, readValue: (record: Uint8Array) => string): CsvPart {
  const kept: Uint8Array[] = [];
  const ends: number[] = [];
  let size = 0;
  part.ends.forEach((end, index) => {
    const record = recordAt(part, index);
    if (keeper.wasSeen(readValue(record), record)) return;
    const bytes = part.bytes.subarray(part.ends[index - 1] ?? 0, end);
    kept.push(bytes);
    size += bytes.length;
    ends.push(size);
  });
  return kept.length === part.ends.length ? part : { header: part.header, bytes: Buffer.concat(kept), ends };
}

/** The border is at the last row of a part, with those before it that have the same value. */
function moveBorder(keeper: BorderKeeper, part: CsvPart, readValue: (record: Uint8Array) => string): void {
  const last = part.ends.length - 1;
  if (last < 0) return;
  const value = readValue(recordAt(part, last));
  const rows: Uint8Array[] = [];
  for (let index = last; index >= 0; index--) {
    const record = recordAt(part, index);
    if (index < last && readValue(record) !== value) break;
    rows.push(record);
  }
  keeper.advance(value, rows);
}

/** All rows in order of their key, behind the one that was read last. */
async function* rowsByKey(
  { database, from, relation, opening }: Reading,
  key: readonly SourceColumn[],
  after: readonly string[] | null,
): AsyncGenerator<Piece> {
  const names = key.map(({ name }) => quoteName(name)).join(', ');
  const literals = key.map(({ literal }, index) => literal(after?.[index] ?? '')).join(', ');
  const conditions = after === null ? [] : [key.length === 1 ? `${names} > ${literals}` : `(${names}) > (${literals})`];
  const places = key.map((column) => relation.columns.indexOf(column));
  const body = database.read(selectOf(relation, from, conditions, key), relation);
  for await (const part of csvParts(body, opening.batch.bytes)) {
    const cells = cellsOf(recordAt(part, part.ends.length - 1));
    yield pieceOf(part, { border: null, after: places.map((place) => cells[place] ?? '') });
  }
  // The next run reads all of them again.
  yield { kind: 'records', format: 'csv', header: null, bytes: new Uint8Array(0), cursor: START };
}

function pieceOf({ header, bytes }: CsvPart, cursor: SqlCursor): Piece {
  return { kind: 'records', format: 'csv', header, bytes, cursor };
}

function selectOf(
  { columns }: SourceRelation,
  from: string,
  conditions: readonly string[],
  order: readonly SourceColumn[],
): string {
  const cells = columns.map(({ name, rendered }) => `${rendered} AS ${quoteName(name)}`).join(', ');
  // Qualified, since in an ORDER BY a bare name may be the rendered cell.
  const by = order.map(({ name }) => `given.${quoteName(name)}`).join(', ');
  return (
    `SELECT ${cells} FROM (SELECT * FROM ${from}) AS given` +
    (conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '') +
    (by === '' ? '' : ` ORDER BY ${by}`)
  );
}

/** @throws DataForgeError `invalid_configuration` where rows cannot be read in the order of a column */
function sortable(column: SourceColumn): SourceColumn {
  if (column.isSortable) return column;
  const message = `Rows cannot be read in the order of the column "${column.name}", for it is no plain value; take another one.`;
  throw new DataForgeError('invalid_configuration', message);
}

/** @throws DataForgeError `invalid_configuration` where there is none of the name */
function columnOf({ columns }: SourceRelation, name: string): SourceColumn {
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  const known = columns.map((column) => column.name).join(', ');
  throw new DataForgeError('invalid_configuration', `The source has no column "${name}"; it has ${known}.`);
}
