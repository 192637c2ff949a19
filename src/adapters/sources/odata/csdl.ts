import { XMLParser } from 'fast-xml-parser';
import { DataForgeError } from '#domain/errors.ts';

/** A property of a type, as OData CSDL XML 4.01 writes it. */
export interface CsdlProperty {
  readonly name: string;
  /** `Edm.String`, a qualified name of the document, or one of them in `Collection(…)`. */
  readonly type: string;
  readonly nullable: boolean;
  readonly precision: string | null;
  readonly scale: string | null;
}

export interface CsdlType {
  readonly properties: readonly CsdlProperty[];
  /** Types by the names of the properties that lead to other entities. */
  readonly navigation: ReadonlyMap<string, string>;
  /** Names of the key's properties. */
  readonly key: readonly string[];
  /** It may have members that nobody has declared. */
  readonly open: boolean;
}

/** An element of the document: its attributes and the elements in it, by their names. */
type Element = Readonly<Record<string, unknown>>;

const LISTS = new Set(['Schema', 'EntityType', 'ComplexType', 'EnumType', 'TypeDefinition', 'EntityContainer']);
for (const name of ['EntitySet', 'Property', 'NavigationProperty', 'PropertyRef']) LISTS.add(name);

const MOST_BASES = 50;

/**
 * What `$metadata` of a service says of its entity sets and types
 * (https://docs.oasis-open.org/odata/odata-csdl-xml/v4.01/odata-csdl-xml-v4.01.html).
 */
export class Csdl {
  readonly #structured = new Map<string, Element>();
  /** Of enumerations and type definitions, the primitive type that they are written as. */
  readonly #primitive = new Map<string, string>();
  readonly #sets = new Map<string, string>();
  readonly #aliases = new Map<string, string>();

  /** @throws DataForgeError `source_failed` where the text is no such document */
  constructor(xml: string) {
    const schemas = schemasOf(xml);
    for (const schema of schemas) {
      const alias = attribute(schema, 'Alias');
      if (alias !== null) this.#aliases.set(alias, attribute(schema, 'Namespace') ?? '');
    }
    for (const schema of schemas) this.#take(schema);
  }

  /** The names of the entity sets. */
  get sets(): readonly string[] {
    return [...this.#sets.keys()];
  }

  /** The type of the entities that a path of the service leads to: `Wells`, `Wells(1)/parts`; null where it is unknown. */
  typeAt(path: string): string | null {
    const [set = '', ...segments] = path.split('/').map((segment) => segment.replace(/\(.*\)$/, ''));
    let type = this.#sets.get(set) ?? null;
    for (const segment of segments) {
      if (type === null) return null;
      const derived = this.#resolve(segment);
      type = this.#structured.has(derived) ? derived : (this.type(type)?.navigation.get(segment) ?? null);
    }
    return type;
  }

  /** A type of entities or a complex type, with what it has of its base types; null where it is neither. */
  type(name: string): CsdlType | null {
    const chain: Element[] = [];
    for (let next: string | null = name; next !== null && chain.length < MOST_BASES; ) {
      const element = this.#structured.get(this.#resolve(next));
      if (element === undefined) break;
      chain.unshift(element);
      next = attribute(element, 'BaseType');
    }
    if (chain.length === 0) return null;
    const navigation = chain.flatMap((element) => elements(element, 'NavigationProperty'));
    return {
      properties: chain.flatMap((element) => elements(element, 'Property').map(propertyOf)),
      navigation: new Map(
        navigation.map((element) => [nameOf(element), itemOf(attribute(element, 'Type') ?? '') ?? typeOf(element)]),
      ),
      key: chain.flatMap(keyOf),
      open: chain.some((element) => attribute(element, 'OpenType') === 'true'),
    };
  }

  /** `Edm.…` of a primitive type, an enumeration or a type definition; null for any other. */
  primitive(type: string): string | null {
    if (type.startsWith('Edm.')) return type;
    return this.#primitive.get(this.#resolve(type)) ?? null;
  }

  #take(schema: Element): void {
    const namespace = attribute(schema, 'Namespace');
    const qualified = (element: Element) => `${namespace}.${nameOf(element)}`;
    for (const kind of ['EntityType', 'ComplexType']) {
      for (const element of elements(schema, kind)) this.#structured.set(qualified(element), element);
    }
    for (const element of elements(schema, 'EnumType')) this.#primitive.set(qualified(element), 'Edm.String');
    for (const element of elements(schema, 'TypeDefinition')) {
      this.#primitive.set(qualified(element), attribute(element, 'UnderlyingType') ?? 'Edm.String');
    }
    for (const container of elements(schema, 'EntityContainer')) {
      for (const set of elements(container, 'EntitySet')) {
        this.#sets.set(nameOf(set), this.#resolve(attribute(set, 'EntityType') ?? ''));
      }
    }
  }

  /** A qualified name with the namespace in the place of its alias. */
  #resolve(name: string): string {
    const point = name.lastIndexOf('.');
    const namespace = this.#aliases.get(name.slice(0, point));
    return namespace === undefined ? name : `${namespace}${name.slice(point)}`;
  }
}

/** The type of the items of a collection; null where the type is none. */
export function itemOf(type: string): string | null {
  return /^Collection\((.+)\)$/.exec(type)?.[1] ?? null;
}

function schemasOf(xml: string): readonly Element[] {
  // Names never need entities, and a document without any cannot grow by them.
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    processEntities: false,
    removeNSPrefix: true,
    isArray: (name, _path, _leaf, isAttribute) => !isAttribute && LISTS.has(name),
  });
  let document: Element;
  try {
    document = parser.parse(xml, true) as Element;
  } catch (cause) {
    throw failed('no whole XML document', cause);
  }
  const [edmx] = elements(document, 'Edmx');
  const schemas = elements(edmx, 'DataServices').flatMap((services) => elements(services, 'Schema'));
  if (schemas.length === 0) throw failed('no description of OData 4');
  return schemas;
}

function failed(what: string, cause?: unknown): DataForgeError {
  // A page of somebody else may stand in its place for a while.
  return new DataForgeError('source_failed', `$metadata of the service is ${what}.`, { cause, retryable: true });
}

function elements(element: Element | undefined, name: string): readonly Element[] {
  const found = element?.[name];
  const list = Array.isArray(found) ? found : [found];
  return list.filter((item) => typeof item === 'object' && item !== null);
}

function attribute(element: Element, name: string): string | null {
  const found = element[name];
  return typeof found === 'string' ? found : null;
}

function nameOf(element: Element): string {
  return attribute(element, 'Name') ?? '';
}

function typeOf(element: Element): string {
  return attribute(element, 'Type') ?? 'Edm.String';
}

function keyOf(element: Element): readonly string[] {
  return elements(element, 'Key').flatMap((key) => elements(key, 'PropertyRef').map(nameOf));
}

function propertyOf(element: Element): CsdlProperty {
  return {
    name: nameOf(element),
    type: typeOf(element),
    nullable: attribute(element, 'Nullable') !== 'false',
    precision: attribute(element, 'Precision'),
    scale: attribute(element, 'Scale'),
  };
}
