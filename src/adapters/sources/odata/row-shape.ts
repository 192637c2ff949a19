import type { ColumnSchema } from '#domain/record/batch.ts';
import { type Csdl, type CsdlProperty, type CsdlType, itemOf } from './csdl.ts';
import { columnTypeOf, isLongNumber, isStream } from './edm-types.ts';
import type { ODataOptions } from './odata-options.ts';

/** What has to be done to a member of a row; one without a shape stays as it is. */
export type MemberShape =
  /** A number, also where it is written as a text. */
  | { readonly kind: 'number' }
  /** A time, whose fraction may have zeros behind the sixth digit. */
  | { readonly kind: 'time' }
  /** An object whose members stand in the row itself, with this in front of their names. */
  | { readonly kind: 'flat'; readonly prefix: string; readonly shape: RowShape };

export type RowShape = ReadonlyMap<string, MemberShape>;

/** The rows of an entity set, as they are described and as they have to be read. */
export interface DescribedRows {
  readonly columns: readonly ColumnSchema[];
  readonly key: readonly string[];
  readonly shape: RowShape;
  /** Whether some of the values are numbers that lose digits unless the service writes them as texts. */
  readonly hasLongNumbers: boolean;
  /** The properties that every row has. */
  readonly properties: readonly CsdlProperty[];
}

/** The rows of a service that says nothing of them. */
export const NOT_DESCRIBED: DescribedRows = {
  columns: [],
  key: [],
  shape: new Map(),
  hasLongNumbers: false,
  properties: [],
};

type Choice = Pick<ODataOptions, 'select' | 'expand' | 'complex'>;

/** What the type of an entity set makes of its rows, of which only some properties may be asked for. */
export function describeRows(csdl: Csdl, type: CsdlType, choice: Choice): DescribedRows {
  const reader = new ShapeReader(csdl, choice.complex === 'flatten');
  const properties = type.properties.filter(({ name }) => isChosen(name, choice.select));
  const shape = reader.shape(properties, '', { nullable: false, chosen: choice.select, within: [] });
  const expanded = (choice.expand ?? []).flatMap(expandedNames);
  for (const name of expanded) reader.columns.push({ name, dbType: { name: 'JSON' }, nullable: true });
  return {
    columns: reader.columns,
    key: type.key.every((name) => isChosen(name, choice.select)) ? type.key : [],
    shape,
    hasLongNumbers: reader.hasLongNumbers,
    properties,
  };
}

interface Surroundings {
  readonly nullable: boolean;
  readonly chosen: readonly string[] | null;
  /** The complex types that these properties are within, one in the other. */
  readonly within: readonly string[];
}

class ShapeReader {
  readonly columns: ColumnSchema[] = [];
  hasLongNumbers = false;
  readonly #csdl: Csdl;
  readonly #flattens: boolean;

  constructor(csdl: Csdl, flattens: boolean) {
    this.#csdl = csdl;
    this.#flattens = flattens;
  }

  shape(properties: readonly CsdlProperty[], prefix: string, around: Surroundings): RowShape {
    const shape = new Map<string, MemberShape>();
    for (const property of properties) {
      const member = this.#member(property, prefix, around, properties);
      if (member !== null) shape.set(property.name, member);
    }
    return shape;
  }

  #member(
    property: CsdlProperty,
    prefix: string,
    around: Surroundings,
    siblings: readonly CsdlProperty[],
  ): MemberShape | null {
    const primitive = this.#csdl.primitive(property.type);
    if (primitive !== null && isStream(primitive)) return null;
    const name = prefix + property.name;
    const nullable = around.nullable || property.nullable;
    const members = this.#flatMembers(property, around, siblings);
    if (members !== null) {
      const within = [...around.within, property.type];
      const inner = { nullable, within, chosen: chosenWithin(property.name, around.chosen) };
      const chosen = members.filter((member) => isChosen(member.name, inner.chosen));
      return { kind: 'flat', prefix: `${name}_`, shape: this.shape(chosen, `${name}_`, inner) };
    }
    const dbType = primitive === null ? ({ name: 'JSON' } as const) : columnTypeOf(primitive, property);
    this.columns.push({ name, dbType, nullable });
    if (primitive !== null && isLongNumber(primitive)) {
      this.hasLongNumbers = true;
      return { kind: 'number' };
    }
    return primitive === 'Edm.DateTimeOffset' || primitive === 'Edm.TimeOfDay' ? { kind: 'time' } : null;
  }

  /** The members of a property that are to stand in the row itself; null where it stays whole. */
  #flatMembers(
    { name, type }: CsdlProperty,
    { within }: Surroundings,
    siblings: readonly CsdlProperty[],
  ): readonly CsdlProperty[] | null {
    if (!this.#flattens || itemOf(type) !== null || within.includes(type)) return null;
    const complex = this.#csdl.primitive(type) === null ? this.#csdl.type(type) : null;
    if (complex === null || complex.open) return null;
    const clashes = siblings.some((sibling) => sibling.name.startsWith(`${name}_`));
    return clashes ? null : complex.properties;
  }
}

function isChosen(name: string, chosen: readonly string[] | null): boolean {
  return chosen === null || chosen.some((path) => path === '*' || path === name || path.startsWith(`${name}/`));
}

/** What is chosen of a property's members; null: all. */
function chosenWithin(name: string, chosen: readonly string[] | null): readonly string[] | null {
  if (chosen === null || chosen.includes('*') || chosen.includes(name)) return null;
  return chosen.filter((path) => path.startsWith(`${name}/`)).map((path) => path.slice(name.length + 1));
}

/** The properties that an item of `$expand` names; commas within its parentheses belong to its own options. */
function expandedNames(item: string): string[] {
  const names: string[] = [];
  let depth = 0;
  let name = '';
  for (const character of `${item},`) {
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth === 0) {
      names.push(name.trim().split('/')[0] ?? '');
      name = '';
    } else if (depth === 0) name += character;
  }
  return names.filter((found) => found !== '');
}
