import { parsedJson } from '#formats/json/json-scanner.ts';
import type { MemberShape, RowShape } from './row-shape.ts';

/** What is done to a member: it stays, it goes, or its value is read by a shape. */
export type MemberAction = 'keep' | 'drop' | MemberShape;

interface PlannedKey {
  readonly bytes: Uint8Array;
  readonly action: MemberAction;
}

const BACKSLASH = 0x5c;
/** Names with this in them are what the service says of a row, and no part of it. */
const CONTROL = '@';

/**
 * What is to be done to each member of an object, by its name as it is written. Objects of one kind have their members
 * in one order, so the name that was at a place before is tried first.
 */
export class KeyPlan {
  readonly #shape: RowShape;
  readonly #keys: (PlannedKey | undefined)[] = [];

  constructor(shape: RowShape) {
    this.#shape = shape;
  }

  /** The action for the name, with its quotes, from `start` to `end` of the text, which is so many members behind the first. */
  at(index: number, json: Uint8Array, start: number, end: number): MemberAction {
    const planned = this.#keys[index];
    if (planned !== undefined && isAt(planned.bytes, json, start, end)) return planned.action;
    const bytes = json.slice(start, end);
    const action = this.#actionOf(nameOf(bytes));
    this.#keys[index] = { bytes, action };
    return action;
  }

  #actionOf(name: string): MemberAction {
    return name.includes(CONTROL) ? 'drop' : (this.#shape.get(name) ?? 'keep');
  }
}

function isAt(bytes: Uint8Array, json: Uint8Array, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let at = 1; at < bytes.length; at++) if (bytes[at] !== json[start + at]) return false;
  return true;
}

function nameOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return bytes.includes(BACKSLASH) ? (parsedJson(bytes) as string) : text.slice(1, -1);
}
