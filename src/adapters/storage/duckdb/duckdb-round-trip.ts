import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import type { Json, JsonObject } from '#domain/record/json.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { textShape } from './duckdb-shapes.ts';

/**
 * The quickest proof that the engine's lenient reader lost nothing of a line of JSON: the values it read, written again,
 * are the line to the letter. Members unknown, repeated or out of order, numbers that went through a double, texts taken
 * for numbers, days that are written oddly: each gives another text. A line that differs is not wrong, it is judged by
 * its shape instead.
 * @param members the members of the lines in their order
 * @param line a line, for the blanks between its tokens
 * @param samples the rows of the first lines
 * @returns a condition over the text `l`, the structure `j` and the typed columns; null where it would prove too little
 */
export function roundTripCondition(
  dataset: Dataset,
  members: readonly string[],
  line: string,
  samples: readonly JsonObject[],
): string | null {
  const blank = line.startsWith(`{${JSON.stringify(members[0])}: `) ? ' ' : '';
  const conditions = [`NOT contains(l, '\\')`];
  let text = '';
  const pieces: string[] = [];
  for (const [index, name] of members.entries()) {
    const at = dataset.properties.findIndex((property) => property.name === name);
    const property = dataset.properties[at];
    // Inside of JSON values more is forbidden than a parser minds.
    if (property === undefined || property.dbType.name === 'JSON') return null;
    const raw = `j.${identifier(name)}`;
    const given = samples.map((sample) => sample.get(name) ?? null);
    const { before, sql, after } = writtenAgain(property, raw, `p${at}`, given);
    text += `${index === 0 ? '{' : `,${blank}`}${JSON.stringify(name)}:${blank}`;
    if (given.includes(null)) {
      pieces.push(literal(text), `coalesce(${literal(before)} || ${sql.join(' || ')} || ${literal(after)}, 'null')`);
      text = '';
    } else {
      pieces.push(literal(text + before), ...sql);
      text = after;
    }
    const narrower = contractCondition(property, raw, `p${at}`);
    if (narrower !== null) conditions.push(`coalesce(${narrower}, TRUE)`);
  }
  return [`l = concat(${pieces.join(', ')}, ${literal(`${text}}`)})`, ...conditions].join(' AND ');
}

/**
 * Whether the text of a cell is what its value gives when it is written again; for cells that differ their shape has to
 * be asked. Null where there is no quick way to know.
 * @param raw the text
 * @param column the typed value
 */
export function sameTextCondition(property: Property, raw: string, column: string): string | null {
  const narrower = contractCondition(property, raw, column);
  const also = narrower === null ? '' : ` AND ${narrower}`;
  switch (property.dbType.name) {
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
    case 'DOUBLE':
    case 'DATE':
    case 'TIME':
    case 'UUID':
      return `${column}::VARCHAR = ${raw}${also}`;
    case 'TIMESTAMP':
      return `concat(${timestampPieces(column, `'T'`).join(', ')}, 'Z') = ${raw}${also}`;
    default:
      return null;
  }
}

/** A date and a time of day are short enough to be made without allocating; an infinite time has no time of day. */
function timestampPieces(column: string, between: string): string[] {
  return [`${column}::DATE::VARCHAR`, between, `TRY(${column}::TIME)::VARCHAR`];
}

/** What the contract asks of a value that the engine's reader does not; null where nothing. */
function contractCondition({ dbType }: Property, raw: string, column: string): string | null {
  switch (dbType.name) {
    case 'DOUBLE':
      return `isfinite(${column})`;
    case 'DECIMAL':
      return `regexp_full_match(${raw}, ${literal(textShape(dbType) ?? '')})`;
    case 'DATE':
    case 'TIMESTAMP':
      return `${column} >= ${dbType.name} '0001-01-01' AND ${column} < ${dbType.name} '10000-01-01'`;
    case 'TIME':
      return `${column} < TIME '24:00:00'`;
    default:
      return null;
  }
}

interface Written {
  readonly before: string;
  /** Pieces of text, short where they can be: the engine keeps texts of up to twelve bytes without allocating. */
  readonly sql: readonly string[];
  readonly after: string;
}

/** How a value is most likely to stand in a line, as seen in the samples. */
function writtenAgain({ dbType }: Property, raw: string, column: string, given: readonly Json[]): Written {
  switch (dbType.name) {
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
    case 'BOOLEAN':
      return { before: '', sql: [`${column}::VARCHAR`], after: '' };
    case 'DOUBLE':
    case 'DECIMAL':
      return { before: '', sql: [raw], after: '' };
    case 'VARCHAR':
      return { before: '"', sql: [raw], after: '"' };
    case 'TIMESTAMP': {
      const sample = String(given.find((value) => value !== null) ?? '');
      if (sample.length === DATE_LENGTH) return { before: '"', sql: [`${column}::DATE::VARCHAR`], after: '"' };
      const between = literal(sample[DATE_LENGTH] ?? 'T');
      return { before: '"', sql: timestampPieces(column, between), after: sample.endsWith('Z') ? 'Z"' : '"' };
    }
    default:
      return { before: '"', sql: [`${column}::VARCHAR`], after: '"' };
  }
}

const DATE_LENGTH = 'YYYY-MM-DD'.length;
