import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type Scalar,
} from 'yaml';
import {
  type Json,
  JsonArray,
  JsonNumber,
  JsonObject,
  JsonSyntaxError,
  MAX_JSON_DEPTH,
  parseJson,
} from '#domain/record/json.ts';
import { type FileText, type Place, placeOf, type SyntaxFault, stepsOf } from './file-text.ts';

type YamlDocument = Document.Parsed<ParsedNode>;

/** Reads YAML 1.2 with every number as it was written; `word` is what the file describes. */
export function readYaml(text: string, word: string): FileText {
  const { document, locate } = parse(text);
  if (document.errors.length > 0) return { ok: false, faults: document.errors.map(syntaxFault) };
  const converter = new Converter(document, text, word);
  const json = converter.convert(document.contents, 0);
  return converter.faults.length > 0 ? { ok: false, faults: converter.faults } : dataOf(json, locate);
}

/** Reads JSON strictly; a YAML reader, whose language holds JSON, tells the places. */
export function readJson(text: string): FileText {
  try {
    return dataOf(parseJson(text), parse(text).locate);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return { ok: false, faults: [{ place: placeOf(text, error.offset), message: `It is not JSON: ${error.message}` }] };
  }
}

function dataOf(json: Json, locate: (pointer: string) => Place | null): FileText {
  return { ok: true, content: { json, functions: new Map() }, locate };
}

function parse(text: string): { document: YamlDocument; locate: (pointer: string) => Place | null } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, intAsBigInt: true, uniqueKeys: false, prettyErrors: true });
  const locate = (pointer: string): Place | null => {
    const offset = offsetOf(document.contents, stepsOf(pointer), document);
    if (offset === null) return null;
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  return { document, locate };
}

function syntaxFault(error: YamlDocument['errors'][number]): SyntaxFault {
  const [start] = error.linePos ?? [];
  const [reason = ''] = error.message.split('\n');
  const message = `It is not YAML: ${reason.replace(/ at line \d+, column \d+:?$/, '')}`;
  return { place: start ? { line: start.line, column: start.col } : null, message };
}

/** Where the last step of a path begins: its key in an object, else the item; as far as the path leads. */
function offsetOf(root: Node | null, steps: readonly string[], document: YamlDocument): number | null {
  let node = root;
  let offset = root?.range?.[0] ?? null;
  for (const step of steps) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      // The last of several members of one name: that is the one too many.
      const pair = node.items.findLast((item) => isScalar(item.key) && String(item.key.value) === step);
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = (pair.value as Node | null) ?? null;
    } else if (isSeq(node)) {
      node = (node.items[Number(step)] as Node | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}

const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

class Converter {
  readonly faults: SyntaxFault[] = [];
  readonly #document: YamlDocument;
  readonly #text: string;
  readonly #word: string;

  constructor(document: YamlDocument, text: string, word: string) {
    this.#document = document;
    this.#text = text;
    this.#word = word;
  }

  convert(node: unknown, depth: number): Json {
    if (depth > MAX_JSON_DEPTH) return this.#fault(node, `Lists and objects nest deeper than ${MAX_JSON_DEPTH}`);
    if (isAlias(node)) return this.convert(node.resolve(this.#document), depth + 1);
    if (isScalar(node)) return this.#scalar(node);
    if (isSeq(node)) return new JsonArray(node.items.map((item) => this.convert(item, depth + 1)));
    if (!isMap(node)) return null;
    return new JsonObject(
      node.items.map((pair) => ({
        name: isPair(pair) && isScalar(pair.key) ? String(pair.key.value) : this.#keyFault(pair.key),
        value: this.convert(pair.value, depth + 1),
      })),
    );
  }

  #scalar(node: Scalar): Json {
    const { value, source } = node;
    if (value === null || value === undefined) return null;
    if (typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'bigint') return new JsonNumber(String(value));
    if (typeof value === 'number' && Number.isFinite(value)) {
      return new JsonNumber(source !== undefined && JSON_NUMBER.test(source) ? source : String(value));
    }
    return this.#fault(node, `${source ?? String(value)} is no value that a ${this.#word} can hold`);
  }

  #keyFault(key: unknown): string {
    this.#fault(key, 'The name of a member must be a text');
    return '';
  }

  #fault(node: unknown, message: string): null {
    const offset = (node as Node | null)?.range?.[0];
    this.faults.push({ place: offset === undefined ? null : placeOf(this.#text, offset), message });
    return null;
  }
}
