import type { Json } from '../record/json.ts';

/** A function that a TypeScript file has where another file has data. */
// biome-ignore lint/suspicious/noExplicitAny: what it takes and gives is for its member to say
export type FileFunction = (...given: any[]) => unknown;

/** What a file that describes something says. */
export interface FileContent {
  readonly json: Json;
  /** By JSON Pointer; `json` has an empty object there. */
  readonly functions: ReadonlyMap<string, FileFunction>;
}
