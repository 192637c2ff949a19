import { DataForgeError } from '#domain/errors.ts';
import { SQL_FUNCTIONS, SQL_TABLE_FUNCTIONS, SQL_TYPE_NAMES } from './duckdb-sql-functions.ts';
import { checkGrowth } from './duckdb-sql-growth.ts';

/** A node of the engine's parsed statement, as `json_serialize_sql` writes it. */
export type SqlNode = Readonly<Record<string, unknown>>;

/** Kinds of nodes that are known to be harmless. What is not named here is refused. */
const NODES: ReadonlySet<string> = new Set(
  (
    'SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE ' +
    'BASE_TABLE SUBQUERY JOIN TABLE_FUNCTION EMPTY EXPRESSION_LIST PIVOT ' +
    'LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING ' +
    'COLUMN_REF FUNCTION WINDOW_AGGREGATE VALUE_CONSTANT VALUE_PARAMETER STAR LAMBDA CASE_EXPR OPERATOR_CAST COLLATE ' +
    'POSITIONAL_REFERENCE CONJUNCTION_AND CONJUNCTION_OR ' +
    'OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_COALESCE OPERATOR_NULLIF OPERATOR_TRY OPERATOR_UNPACK ' +
    'ARRAY_EXTRACT ARRAY_SLICE STRUCT_EXTRACT ARRAY_CONSTRUCTOR GROUPING_FUNCTION ' +
    'COMPARE_EQUAL COMPARE_NOTEQUAL COMPARE_LESSTHAN COMPARE_GREATERTHAN COMPARE_LESSTHANOREQUALTO ' +
    'COMPARE_GREATERTHANOREQUALTO COMPARE_IN COMPARE_NOT_IN COMPARE_BETWEEN COMPARE_NOT_BETWEEN ' +
    'COMPARE_DISTINCT_FROM COMPARE_NOT_DISTINCT_FROM'
  ).split(' '),
);
const WINDOW_NODE = /^WINDOW_[A-Z_]+$/;

/** Kinds whose details are types, not nodes. */
const TYPE_INFOS = /^(?:DECIMAL|LIST|STRUCT|ARRAY|ENUM|STRING|UNBOUND|GENERIC|USER)_TYPE_INFO$/;

const WORDS: Readonly<Record<string, string>> = {
  SHOW_REF: 'SHOW, DESCRIBE and SUMMARIZE',
  VALUE_DEFAULT: 'DEFAULT',
  CTE_NODE: 'This form of WITH',
};

/**
 * Proves that a parsed SELECT reads nothing but what it may: tables by the names of `views` (folded by `foldName`) or
 * of its own WITH, the table functions of the list, functions of the list, and no node of a kind that nobody has looked at.
 * @returns which of the views it reads
 * @throws DataForgeError `invalid_sql`
 */
export function proveSelect(statement: SqlNode, views: ReadonlySet<string>): ReadonlySet<string> {
  const proof = new Proof(views);
  proof.visit(statement, views);
  return proof.read;
}

/** Names are the same where the engine takes them for the same: without regard to case, in ASCII alone. */
export function foldName(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

export function refused(message: string, cause?: unknown): DataForgeError {
  return new DataForgeError('invalid_sql', message, { cause });
}

class Proof {
  readonly read = new Set<string>();
  readonly #views: ReadonlySet<string>;
  /** Calls in FROM make their rows while they are read, so that their number costs nothing. */
  readonly #streaming = new WeakSet<object>();

  constructor(views: ReadonlySet<string>) {
    this.#views = views;
  }

  /** @param names tables that can be seen from here */
  visit(value: unknown, names: ReadonlySet<string>): void {
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, names);
    } else if (typeof value === 'object' && value !== null) {
      this.#node(value as SqlNode, names);
    }
  }

  #node(node: SqlNode, outer: ReadonlySet<string>): void {
    const names = this.#commonTables(node, outer);
    const { type } = node;
    if (typeof type === 'string') this.#kind(node, type, names);
    if (typeof node.id === 'string') checkType(node);
    if (typeof node.function_name === 'string') {
      checkFunction(node, node.function_name);
      if (!this.#streaming.has(node)) checkGrowth(node, node.function_name.toLowerCase());
    }
    for (const [key, value] of Object.entries(node)) {
      // A constant is a value, whatever it looks like; the tables of WITH have been visited.
      if (key === 'cte_map' || (key === 'value' && 'is_null' in node)) continue;
      this.visit(value, key === 'right' && type === 'RECURSIVE_CTE_NODE' ? withItself(node, names) : names);
    }
  }

  #kind(node: SqlNode, type: string, names: ReadonlySet<string>): void {
    if (type === 'BASE_TABLE') this.#table(node, names);
    else if (type === 'TABLE_FUNCTION') this.#tableFunction(node);
    else if (type === 'PIVOT' && hasPivotEnum(node)) throw refused('PIVOT needs its values listed: FOR x IN (…).');
    else if (!NODES.has(type) && !WINDOW_NODE.test(type) && !TYPE_INFOS.test(type)) {
      const word = WORDS[type] ?? `A part of the kind ${type.toLowerCase().replaceAll('_', ' ')}`;
      throw refused(`${word} cannot be used here; send one SELECT over the datasets.`);
    }
  }

  #table(node: SqlNode, names: ReadonlySet<string>): void {
    const name = String(node.table_name ?? '');
    if (node.schema_name || node.catalog_name) {
      throw refused(`"${shown(name)}" is named with a schema; datasets are read by their names alone.`);
    }
    if (node.at_clause) throw refused('AT (…) cannot be used here; datasets are read as they are now.');
    const folded = foldName(name);
    if (this.#views.has(folded)) this.read.add(folded);
    if (names.has(folded)) return;
    const list = [...this.#views].sort().slice(0, 20).join(', ');
    throw refused(`There is no dataset "${shown(name)}"; the tables are ${list === '' ? 'none' : list}.`);
  }

  #tableFunction(node: SqlNode): void {
    const call = (node.function ?? {}) as SqlNode;
    const name = String(call.function_name ?? '').toLowerCase();
    if (!SQL_TABLE_FUNCTIONS.has(name) || call.catalog || !isOwnSchema(call.schema)) {
      throw refused(
        `The table function "${shown(name)}" cannot be used here; range, generate_series and unnest can, besides the datasets.`,
      );
    }
    this.#streaming.add(call);
  }

  /** The names a query sees: those of its own WITH cover the outer ones, each from where it is written on. */
  #commonTables(node: SqlNode, outer: ReadonlySet<string>): ReadonlySet<string> {
    const { map } = (node.cte_map ?? {}) as { map?: readonly { key: string; value: SqlNode }[] };
    if (map === undefined || map.length === 0) return outer;
    const names = new Set(outer);
    for (const { key, value } of map) {
      this.visit(value, names);
      names.add(foldName(key));
    }
    return names;
  }
}

function checkFunction(node: SqlNode, written: string): void {
  const name = written.toLowerCase();
  if (!SQL_FUNCTIONS.has(name)) {
    throw refused(`The function "${shown(name)}" cannot be used here; it may look beyond the datasets, or is unknown.`);
  }
  if (node.catalog || !(isOwnSchema(node.schema) || isPlainName(node.schema))) {
    throw refused(`The function "${shown(name)}" is named with a schema; use its name alone.`);
  }
}

/** A recursive table is there in its second part alone: in the first its name is that of some other table. */
function withItself(node: SqlNode, names: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...names, foldName(String(node.cte_name))]);
}

function isOwnSchema(schema: unknown): boolean {
  return schema === undefined || schema === null || schema === '' || schema === 'main';
}

/** `column.upper()` parses like a function of a schema; the schemas of the engine itself are not columns. */
function isPlainName(schema: unknown): boolean {
  return typeof schema === 'string' && !/^(?:pg_catalog|information_schema|temp|system|store|memory)$/i.test(schema);
}

function checkType(type: SqlNode): void {
  const info = type.type_info as SqlNode | undefined;
  if (type.id !== 'UNBOUND' && type.id !== 'USER') return;
  const name = String(info?.name ?? info?.user_type_name ?? '').toLowerCase();
  if (!SQL_TYPE_NAMES.has(name) || info?.schema || info?.catalog) {
    throw refused(`There is no type "${shown(name)}" to cast to.`);
  }
}

function hasPivotEnum(node: SqlNode): boolean {
  const pivots = (node.pivots ?? []) as readonly SqlNode[];
  return pivots.some((pivot) => Boolean(pivot.pivot_enum) || Boolean(pivot.subquery));
}

function shown(name: string): string {
  return name.slice(0, 100);
}
