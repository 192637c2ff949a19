import { DataForgeError } from '#domain/errors.ts';
import { FORMATTING_FUNCTIONS, GROWING_FUNCTIONS } from './duckdb-sql-functions.ts';

type Node = Readonly<Record<string, unknown>>;

/**
 * Keeps a few characters from asking for gigabytes: `repeat(x, 1e9)` takes its memory outside the engine's account.
 * @throws DataForgeError `invalid_sql`
 */
export function checkGrowth(node: Node, name: string): void {
  const children = (node.children ?? []) as readonly Node[];
  const most = GROWING_FUNCTIONS.get(name);
  if (most !== undefined) checkNumbers(name, children, most);
  if (children.some((child) => child.type === 'LAMBDA' && holdsGrowth(child.expr))) {
    throw invalid('Functions that make lists or texts of a given size cannot stand inside a lambda.');
  }
  if (FORMATTING_FUNCTIONS.has(name)) checkPattern(name, children[0]);
}

function checkNumbers(name: string, children: readonly Node[], most: number): void {
  const isList = name === 'range' || name === 'generate_series';
  const sizes = isList
    ? children
    : children.slice(1, name === 'list_resize' || name === 'array_resize' ? 2 : undefined);
  for (const size of sizes) {
    const value = constantOf(size);
    if (value === null || (typeof value === 'number' && Math.abs(value) > most)) {
      const instead = isList ? `; FROM ${name}(…) takes any` : '';
      throw invalid(`The sizes given to ${name}(…) must be literals of at most ${most}${instead}.`);
    }
  }
  if (children.some(holdsGrowth)) throw invalid(`Functions like ${name}(…) cannot stand inside one another.`);
}

function checkPattern(name: string, pattern: Node | undefined): void {
  const text = pattern === undefined ? null : constantOf(pattern);
  if (typeof text !== 'string' || /\d{4}|\*|\{[^{}]*\{/.test(text)) {
    throw invalid(`The first argument of ${name}(…) must be a literal without widths past 999.`);
  }
}

/** A literal's value, with its sign and through a cast; null for anything else. */
function constantOf(node: Node): number | string | null {
  if (node.type === 'OPERATOR_CAST') return constantOf(node.child as Node);
  if (node.type === 'FUNCTION' && node.function_name === '-') {
    const [only, second] = (node.children ?? []) as readonly Node[];
    const value = only === undefined || second !== undefined ? null : constantOf(only);
    return typeof value === 'number' ? -value : null;
  }
  if (node.type !== 'VALUE_CONSTANT') return null;
  const { value } = node.value as { value?: unknown };
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? value : typeof value === 'boolean' ? 0 : null;
}

function holdsGrowth(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(holdsGrowth);
  if (typeof node !== 'object' || node === null) return false;
  const { function_name: name } = node as Node;
  if (typeof name === 'string' && GROWING_FUNCTIONS.has(name.toLowerCase())) return true;
  return Object.values(node).some(holdsGrowth);
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_sql', message);
}
