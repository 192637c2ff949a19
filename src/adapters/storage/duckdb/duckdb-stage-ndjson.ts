import type { Dataset, Property } from '#domain/dataset/dataset.ts';
import { resolveField } from '#domain/dataset/names.ts';
import { type Json, JsonObject, parseJson } from '#domain/record/json.ts';
import { identifier, literal } from '../sql/identifier.ts';
import { columnType } from './duckdb-layout.ts';
import { roundTripCondition } from './duckdb-round-trip.ts';
import { ruleConditions, valueLiteral } from './duckdb-rules.ts';
import { escapePattern, JSON_STRING, jsonShape, SPACE, UUID_TEXT } from './duckdb-shapes.ts';
import { lineEndLiteral, PARALLEL_READ, type StagedColumns, stagedSelect } from './duckdb-staged.ts';

/** The order of members that the lines of a block are expected to have, seen in its first lines. */
export interface LineLayout {
  /** Members of the row itself. */
  readonly members: readonly string[];
  /** Members of the record round it, where lines are whole records. */
  readonly outer: readonly string[] | null;
  /** The rows of those lines. */
  readonly samples: readonly JsonObject[];
}

/**
 * Finds the layout of sample lines, merging their orders; null where they are no objects of known members, or could
 * name the id in two places.
 */
export function findLayout(dataset: Dataset, samples: readonly string[], wholeRecords: boolean): LineLayout | null {
  const members: string[] = [];
  const outer: string[] = [];
  const rows: JsonObject[] = [];
  for (const sample of samples) {
    const json = tryParse(sample);
    if (!(json instanceof JsonObject)) continue;
    const data = json.get('data');
    const whole = wholeRecords && data instanceof JsonObject && !dataset.properties.some(({ name }) => name === 'data');
    const row = whole ? data : json;
    rows.push(row);
    mergeNames(members, row);
    if (whole) mergeNames(outer, json);
  }
  if (members.length === 0) return null;
  const known = members.every((name) => isProperty(dataset, name) || resolveField(dataset, name)?.kind === 'system');
  const outerKnown = outer.every((name) => RECORD_SHAPES(dataset).has(name));
  const ids = members.filter((name) => isId(dataset, name)).length + (outer.includes('id') ? 1 : 0);
  return known && outerKnown && ids <= 1 ? { members, outer: outer.length > 0 ? outer : null, samples: rows } : null;
}

/**
 * SQL that reads a file of lines into a staged table; lines of another shape than the layout's are left unsure.
 * @param line the first of them
 */
export function stageLines(
  dataset: Dataset,
  layout: LineLayout,
  line: string,
  { file, lineEnd }: { readonly file: string; readonly lineEnd: string },
): string {
  const row = objectShape(layout.members.map((name) => rowMember(dataset, name)));
  const shapes = RECORD_SHAPES(dataset);
  const shape =
    layout.outer === null
      ? row
      : objectShape(
          layout.outer.map((name) => ({
            name,
            optional: name !== 'data',
            shape: name === 'data' ? row : (shapes.get(name) ?? ''),
          })),
        );
  const present = dataset.properties.filter(({ name }) => layout.members.includes(name));
  const idMember =
    layout.members.find((name) => isId(dataset, name)) ?? (layout.outer?.includes('id') ? 'id' : undefined);
  const idInRow = idMember !== undefined && layout.members.includes(idMember);
  const rowFields = present.map((property) => [property.name, readType(property)]);
  if (idInRow) rowFields.push([idMember, 'VARCHAR']);
  // The engine reads no object into a structure without members.
  if (rowFields.length === 0) rowFields.push(['_', 'VARCHAR']);
  const rowStructure = Object.fromEntries(rowFields);
  const structure =
    layout.outer === null
      ? rowStructure
      : { data: rowStructure, ...(idMember !== undefined && !idInRow ? { [idMember]: 'VARCHAR' } : {}) };
  const inner = layout.outer === null ? 'j' : `j."data"`;
  const columns: StagedColumns = {
    id: idMember === undefined ? null : `${idInRow ? inner : 'j'}.${identifier(idMember)}`,
    values: dataset.properties.map((property) =>
      present.includes(property) ? jsonColumn(property, `${inner}.${identifier(property.name)}`) : absent(property),
    ),
  };
  const lines =
    `read_csv(${literal(file)}, columns = {l: 'VARCHAR'}, delim = '\u0001', quote = '', escape = '', header = false, ` +
    `auto_detect = false, ignore_errors = true, ${PARALLEL_READ}, new_line = ${lineEndLiteral(lineEnd)})`;
  const sameShape = `regexp_full_match(l, ${literal(shape)})`;
  const sameText = layout.outer === null ? roundTripCondition(dataset, layout.members, line, layout.samples) : null;
  const read = `TRY(from_json(l, ${literal(JSON.stringify(structure))}))`;
  const blank = 'l IS NULL AS blank';
  return sameText === null
    ? stagedSelect(
        dataset,
        columns,
        `(SELECT ${blank}, CASE WHEN ${sameShape} THEN ${read} END AS j FROM ${lines})`,
        'j IS NOT NULL',
        'blank',
      )
    : stagedSelect(
        dataset,
        columns,
        `(SELECT ${blank}, l, ${read} AS j FROM ${lines})`,
        `j IS NOT NULL AND CASE WHEN ${sameText} THEN TRUE ELSE ${sameShape} END`,
        'blank',
      );
}

interface MemberShape {
  readonly name: string;
  readonly optional: boolean;
  readonly shape: string;
}

/** An object whose members come in this order, some left out. What the commas let through, the engine's parser refuses. */
function objectShape(members: readonly MemberShape[]): string {
  const parts = members.map(({ name, optional, shape }) => {
    const member = `${escapePattern(JSON.stringify(name))}${SPACE}:${SPACE}${shape}${SPACE}[,}]${SPACE}`;
    return optional ? `(?:${member})?` : member;
  });
  return `${SPACE}\\{${SPACE}${parts.join('')}`;
}

function rowMember(dataset: Dataset, name: string): MemberShape {
  const property = dataset.properties.find((candidate) => candidate.name === name);
  if (property !== undefined) {
    return { name, optional: property.default === null, shape: `(?:${jsonShape(property.dbType)}|null)` };
  }
  const shape = isId(dataset, name) ? `(?:"${UUID_TEXT}"|null)` : `(?:${JSON_STRING}|[0-9]{1,18}|null)`;
  return { name, optional: true, shape };
}

/** What stands round the row in a whole record. */
function RECORD_SHAPES(dataset: Dataset): Map<string, string> {
  const any = `(?:${JSON_STRING}|[0-9]{1,18}|null)`;
  return new Map([
    ['id', `(?:"${UUID_TEXT}"|null)`],
    ['schema_name', escapePattern(JSON.stringify(dataset.name))],
    ['data', ''],
    ['composite_id', any],
    ['created_at', any],
    ['updated_at', any],
    ['version', any],
    ['_seq', any],
  ]);
}

function isProperty(dataset: Dataset, name: string): boolean {
  return dataset.properties.some((property) => property.name === name);
}

function isId(dataset: Dataset, name: string): boolean {
  const field = isProperty(dataset, name) ? undefined : resolveField(dataset, name);
  return field?.kind === 'system' && field.name === 'id';
}

/** What the engine is asked to read a member as, before it is cast. */
function readType({ dbType }: Property): string {
  switch (dbType.name) {
    case 'BIGINT':
    case 'INTEGER':
    case 'SMALLINT':
      return 'BIGINT';
    case 'BOOLEAN':
    case 'JSON':
      return dbType.name;
    default:
      return 'VARCHAR';
  }
}

function jsonColumn(property: Property, raw: string) {
  const type = columnType(property.dbType);
  const value =
    property.dbType.name === 'DOUBLE'
      ? `(TRY_CAST(${raw} AS DOUBLE) + 0.0)`
      : property.dbType.name === 'JSON'
        ? `${raw}::VARCHAR`
        : property.dbType.name === 'VARCHAR'
          ? raw
          : `TRY_CAST(${raw} AS ${type})`;
  const distinct = `(json_type(${raw}) <> 'OBJECT' OR len(json_keys(${raw})) = len(list_distinct(json_keys(${raw}))))`;
  return {
    value,
    sure: (column: string) => [
      `(${raw} IS NULL) = (${column} IS NULL)`,
      ...(property.dbType.name === 'JSON' ? [`coalesce(${distinct}, TRUE)`] : []),
      ...ruleConditions(property, column),
    ],
  };
}

function absent(property: Property) {
  return {
    value: valueLiteral(property, property.default),
    sure: (column: string) => ruleConditions(property, column),
  };
}

function tryParse(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}

/** Puts names that are new behind the one that stands before them. */
function mergeNames(order: string[], json: JsonObject): void {
  let at = 0;
  for (const { name } of json.members) {
    const known = order.indexOf(name);
    if (known < 0) order.splice(at, 0, name);
    at = (known < 0 ? at : known) + 1;
  }
}
