import { JsonObject, kindOfJson } from '../record/json.ts';
import { didYouMean } from '../text/suggest.ts';
import { ObjectReader } from './object-reader.ts';
import { type FilePlace, faultAt, type JsonSchema, type Option, placeWithin } from './option.ts';

/** The members of an object of a file, by their names there (`page_size`). */
// biome-ignore lint/suspicious/noExplicitAny: each option has a type of its own, which `ValuesOf` gives back
export type OptionGroup = Readonly<Record<string, Option<any>>>;

/** The values of a group once they are read, by the names that code gives them (`pageSize`). */
export type ValuesOf<G extends OptionGroup> = {
  readonly [K in keyof G as CamelCase<K & string>]: G[K] extends Option<infer T> ? T : never;
};

type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The schema of an object with these members and no others. */
export function groupSchema(description: string, group: OptionGroup): JsonSchema {
  const required = Object.keys(group).filter((name) => group[name]?.absent === null);
  return {
    description,
    type: 'object',
    ...(required.length > 0 && { required }),
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(group).map(([name, { schema }]) => [name, schema])),
  };
}

/** Reads the members of an object; undefined where one of them is at fault. */
export function readGroup<G extends OptionGroup>(
  json: JsonObject,
  group: G,
  place: FilePlace,
  besides: readonly string[] = [],
): ValuesOf<G> | undefined {
  const subject = place.path === '' ? 'The file' : place.path;
  const before = place.faults.length;
  const reader = new ObjectReader(json, place.pointer, subject, [...besides, ...Object.keys(group)], place.faults);
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(group)) {
    const value = reader.raw(name);
    if (value !== undefined) values[camelCase(name)] = option.read(value, placeWithin(place, name));
    else if (option.absent !== null) values[camelCase(name)] = option.absent.value;
    else reader.fault(null, `${subject} needs ${name}`);
  }
  return place.faults.length > before ? undefined : (values as ValuesOf<G>);
}

/** An object with the members of a group. */
export function object<G extends OptionGroup>(description: string, group: G): Option<ValuesOf<G>> {
  return {
    schema: groupSchema(description, group),
    absent: null,
    read(json, place) {
      if (!(json instanceof JsonObject)) return faultAt(place, `must be an object, not ${kindOfJson(json)}`);
      return readGroup(json, group, place);
    },
  };
}

/** What the member `tag` of an object says it is, and the members that go with it. */
export type OneOfKinds<T extends string, K extends Readonly<Record<string, OptionGroup>>> = {
  readonly [N in keyof K & string]: { readonly [_ in T]: N } & ValuesOf<K[N]>;
}[keyof K & string];

/** An object of one of several kinds, which its member `tag` names. */
export function oneOfKinds<T extends string, const K extends Readonly<Record<string, OptionGroup>>>(
  description: string,
  tag: T,
  kinds: K,
): Option<OneOfKinds<T, K>> {
  const names = Object.keys(kinds);
  return {
    schema: { description, type: 'object', required: [tag], oneOf: names.map((name) => kindSchema(tag, name, kinds)) },
    absent: null,
    read(json, place) {
      if (!(json instanceof JsonObject)) return faultAt(place, `must be an object, not ${kindOfJson(json)}`);
      const kind = json.get(tag) ?? null;
      if (kind === null) return faultAt(place, `needs ${tag}: one of ${names.join(', ')}`);
      const group = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
      if (group === undefined) {
        const given = typeof kind === 'string' ? `"${kind}"${didYouMean(kind, names)}` : kindOfJson(kind);
        return faultAt(placeWithin(place, tag), `must be one of ${names.join(', ')}, not ${given}`);
      }
      const values = readGroup(json, group, place, [tag]);
      return values === undefined ? undefined : ({ [tag]: kind, ...values } as OneOfKinds<T, K>);
    },
  };
}

function kindSchema(tag: string, name: string, kinds: Readonly<Record<string, OptionGroup>>): JsonSchema {
  const { description: _, ...schema } = groupSchema('', kinds[name] ?? {});
  const { required = [], properties } = schema as { required?: readonly string[]; properties: JsonSchema };
  return { ...schema, required: [tag, ...required], properties: { [tag]: { const: name }, ...properties } };
}
