import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { DbType } from '#domain/dataset/db-type.ts';
import { flatColumnName } from '#domain/dataset/names.ts';
import { literal } from '../sql/identifier.ts';
import { propertyColumn } from './duckdb-layout.ts';

/**
 * SQL expressions that render rows in the wire's formats inside the engine. Text pieces are joined by `concat`,
 * which is several times faster than building a struct and asking for its JSON.
 */

/** One record as the API shows it: `{"id", "schema_name", "data": {…}, …}`. */
export function recordJson(dataset: Dataset, fields: readonly number[] | null): string {
  const pieces: Piece[] = [
    text(`{"id":"`),
    sql('_id::VARCHAR'),
    text(`","schema_name":${JSON.stringify(dataset.name)},"data":`),
    ...dataPieces(dataset, fields),
  ];
  if (dataset.primaryKey.length > 1) pieces.push(text(',"composite_id":'), sql(compositeId(dataset)));
  pieces.push(...timesAndVersion());
  return concat(pieces);
}

/** The `data` object of a record alone; former images may have nulls where a property has become required since. */
export function dataJson(dataset: Dataset): string {
  const properties = dataset.properties.map((property) => ({ ...property, required: false, primaryKey: false }));
  return concat(dataPieces({ ...dataset, properties }, null));
}

/** One record as a flat object of columns. */
export function flatJson(dataset: Dataset, fields: readonly number[] | null): string {
  const pieces: Piece[] = [text(`{${JSON.stringify(flatColumnName(dataset, 'id'))}:"`), sql('_id::VARCHAR'), text('"')];
  for (const property of selected(dataset, fields)) {
    pieces.push(text(`,${JSON.stringify(property.name)}:`), sql(jsonValue(property)));
  }
  pieces.push(
    text(`,${JSON.stringify(flatColumnName(dataset, 'created_at'))}:"`),
    sql(timestampText('_created_at')),
    text(`","${flatColumnName(dataset, 'updated_at')}":"`),
    sql(timestampText('_updated_at')),
    text(`","${flatColumnName(dataset, 'version')}":`),
    sql('_version'),
    text('}'),
  );
  return concat(pieces);
}

/** One line of CSV without its line end. */
export function csvLine(dataset: Dataset, fields: readonly number[] | null): string {
  const pieces: Piece[] = [sql('_id::VARCHAR')];
  for (const property of selected(dataset, fields)) pieces.push(text(','), sql(csvValue(property)));
  pieces.push(text(','), sql(timestampText('_created_at')), text(','), sql(timestampText('_updated_at')));
  pieces.push(text(','), sql('_version'));
  return concat(pieces);
}

/** A timestamp column as `YYYY-MM-DDTHH:MM:SS[.f]Z`; the engine drops a fraction's trailing zeros itself. */
export function timestampText(column: string): string {
  return `(replace(${column}::VARCHAR, ' ', 'T') || 'Z')`;
}

/** A decimal column as text; where no digit stands before the point the engine leaves out the 0, which JSON wants. */
export function decimalText(type: DbType & { name: 'DECIMAL' }, column: string): string {
  const text = `${column}::VARCHAR`;
  return type.precision > type.scale
    ? text
    : `CASE WHEN starts_with(${text}, '-') THEN '-0' || substr(${text}, 2) ELSE '0' || ${text} END`;
}

function selected(dataset: Dataset, fields: readonly number[] | null): readonly Property[] {
  return fields === null ? dataset.properties : dataset.properties.filter((_, index) => fields.includes(index));
}

type Piece = { readonly sql: string } | { readonly text: string };

function sql(expression: string): Piece {
  return { sql: expression };
}

function text(value: string): Piece {
  return { text: value };
}

function concat(pieces: readonly Piece[]): string {
  const parts: string[] = [];
  let pending = '';
  for (const piece of pieces) {
    if ('text' in piece) {
      pending += piece.text;
    } else {
      if (pending !== '') parts.push(literal(pending));
      pending = '';
      parts.push(piece.sql);
    }
  }
  if (pending !== '') parts.push(literal(pending));
  return `concat(${parts.join(', ')})`;
}

function dataPieces(dataset: Dataset, fields: readonly number[] | null): Piece[] {
  const pieces: Piece[] = [];
  selected(dataset, fields).forEach((property, index) => {
    pieces.push(text(`${index === 0 ? '{' : ','}${JSON.stringify(property.name)}:`), sql(jsonValue(property)));
  });
  if (pieces.length === 0) pieces.push(text('{'));
  pieces.push(text('}'));
  return pieces;
}

function timesAndVersion(): Piece[] {
  return [
    text(',"created_at":"'),
    sql(timestampText('_created_at')),
    text('","updated_at":"'),
    sql(timestampText('_updated_at')),
    text('","version":'),
    sql('_version'),
    text('}'),
  ];
}

/** A property as JSON text, `null` where there is no value. */
function jsonValue(property: Property): string {
  const column = propertyColumn(property);
  const rendered = jsonText(property, column);
  return property.required || property.primaryKey ? rendered : `coalesce(${rendered}, 'null')`;
}

function jsonText(property: Property, column: string): string {
  switch (property.dbType.name) {
    case 'VARCHAR':
      return `to_json(${column})::VARCHAR`;
    case 'DOUBLE':
      return `to_json(${column})::VARCHAR`;
    case 'TIMESTAMP':
      return `('"' || replace(${column}::VARCHAR, ' ', 'T') || 'Z"')`;
    case 'DATE':
    case 'TIME':
    case 'UUID':
      return `('"' || ${column}::VARCHAR || '"')`;
    case 'JSON':
      return column;
    case 'DECIMAL':
      return decimalText(property.dbType, column);
    default:
      return `${column}::VARCHAR`;
  }
}

/** A property as a CSV field: nothing for null, quotes where the text needs them and for the empty string. */
function csvValue(property: Property): string {
  const column = propertyColumn(property);
  switch (property.dbType.name) {
    case 'VARCHAR':
    case 'JSON':
      return `CASE WHEN ${needsQuotes(column)} THEN '"' || replace(${column}, '"', '""') || '"' ELSE ${column} END`;
    case 'TIMESTAMP':
      return timestampText(column);
    case 'DOUBLE':
      return `to_json(${column})::VARCHAR`;
    case 'DECIMAL':
      return decimalText(property.dbType, column);
    default:
      return `${column}::VARCHAR`;
  }
}

/** The key's values joined with `|`, as a JSON string. */
function compositeId(dataset: Dataset): string {
  const parts = dataset.primaryKey.map((name) => {
    const property = dataset.properties.find((candidate) => candidate.name === name);
    if (property === undefined) throw new RangeError(`key property "${name}" is missing`);
    return keyPart(property);
  });
  return `to_json(concat_ws('|', ${parts.join(', ')}))::VARCHAR`;
}

function keyPart(property: Property): string {
  const column = propertyColumn(property);
  if (property.dbType.name === 'TIMESTAMP') return timestampText(column);
  return property.dbType.name === 'DECIMAL' ? decimalText(property.dbType, column) : `${column}::VARCHAR`;
}

/** Plain searches for each character are several times quicker than one pattern for all of them. */
function needsQuotes(column: string): string {
  const characters = [`','`, `'"'`, 'chr(10)', 'chr(13)'].map((character) => `contains(${column}, ${character})`);
  return `${column} = '' OR ${characters.join(' OR ')}`;
}
