import { DataForgeError } from '#domain/errors.ts';
import { parsedJson } from '#formats/json/json-scanner.ts';
import type { CsdlProperty } from './csdl.ts';
import type { DescribedRows } from './row-shape.ts';

type Entry = Readonly<Record<string, unknown>>;

const LINK = /\$(?:link|deletedLink)$/;
/** `Wells(7)`, `Wells(field=1,name='it''s')`: what stands in the parentheses at the end of an entity's address. */
const KEY = /\((.*)\)$/;
const KEY_VALUE = /(?:(\w+)=)?('(?:[^']|'')*'|[^,']+)(?:,|$)/g;

/**
 * The row of an entity that was removed: its key, and the member that says so. By OData 4.01 the entry has the key or
 * the address of the entity, by 4.0 its address; null for what speaks of a link between entities, and no row.
 * @throws DataForgeError `source_failed` where the key of an entity cannot be told
 */
export function removedRow(entry: Uint8Array, { key, properties }: DescribedRows, field: string): Uint8Array | null {
  const read = parsedJson(entry) as Entry;
  if (isLink(read)) return null;
  // Its member `id` is the address, whatever the key is called.
  const isByAddress = isDeletedEntity(read);
  const address = [read.id, read['@id'], read['@odata.id']].find((id) => typeof id === 'string' && KEY.test(id));
  const values =
    !isByAddress && key.every((name) => read[name] !== undefined)
      ? key.map((name) => JSON.stringify(read[name]))
      : keyOf(String(address ?? ''), key, properties);
  if (values === null || key.length === 0) {
    const message = 'The service tells of an entity that was removed, and not of its key; leave removed_field out.';
    throw new DataForgeError('source_failed', message);
  }
  const members = key.map((name, at) => `${JSON.stringify(name)}:${values[at]},`);
  return Buffer.from(`{${members.join('')}${JSON.stringify(field)}:true}\n`);
}

export function isLink(entry: Entry): boolean {
  return LINK.test(contextOf(entry));
}

/** A removed entity by OData 4.0. */
function isDeletedEntity(entry: Entry): boolean {
  return contextOf(entry).endsWith('$deletedEntity');
}

function contextOf(entry: Entry): string {
  return String(entry['@context'] ?? entry['@odata.context'] ?? '');
}

/**
 * @param entries what an answer to a delta link has
 * @throws DataForgeError `source_failed` where an entity has but some of its properties: the record would lose the others
 */
export function refusePartial(entries: Uint8Array, { properties }: DescribedRows): void {
  for (const entry of parsedJson(entries) as Entry[]) {
    if (entry['@removed'] !== undefined || entry['@odata.removed'] !== undefined) continue;
    if (isLink(entry) || isDeletedEntity(entry)) continue;
    const missing = properties.find(({ name, type }) => type !== 'Edm.Stream' && entry[name] === undefined);
    if (missing === undefined) continue;
    const message = `The service tells of a changed entity without its ${missing.name}, which would empty the others of its record; read incrementally by a field, and not by delta.`;
    throw new DataForgeError('source_failed', message);
  }
}

/** The values of a key that an address ends with, as JSON. */
function keyOf(address: string, key: readonly string[], properties: readonly CsdlProperty[]): string[] | null {
  const inside = KEY.exec(decodeURIComponent(address))?.[1] ?? '';
  const found = new Map([...inside.matchAll(KEY_VALUE)].map(([, name, value = '']) => [name ?? key[0], value]));
  const values = key.map((name) => {
    const value = found.get(name);
    const type = properties.find((property) => property.name === name)?.type;
    return value === undefined ? null : jsonOf(value, type ?? 'Edm.String');
  });
  return values.every((value) => value !== null) ? values : null;
}

const BARE = /^Edm\.(?:Boolean|Byte|SByte|Int\d\d|Decimal|Double|Single)$/;

function jsonOf(literal: string, type: string): string {
  if (literal.startsWith("'")) return JSON.stringify(literal.slice(1, -1).replaceAll("''", "'"));
  return BARE.test(type) ? literal : JSON.stringify(literal);
}
