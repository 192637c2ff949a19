import { JsonScanner } from './json-scanner.ts';

/**
 * Finds a member of a JSON text by the names that lead to it, without making anything of what it passes; no names lead
 * to the text itself.
 * @returns the bytes of its value, null where there is no such member
 * @throws DataForgeError `invalid_body` where the text ends before the value does
 */
export function findMember(json: Uint8Array, path: readonly string[]): Uint8Array | null {
  const scanner = new JsonScanner(json);
  scanner.skipMark();
  for (const name of path) if (!scanner.enter(name)) return null;
  return scanner.value();
}

/**
 * All members of a JSON object, each as the bytes of its value.
 * @throws DataForgeError `invalid_body` where the text is no object, or not a whole one
 */
export function membersOf(json: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const scanner = new JsonScanner(json);
  scanner.skipMark();
  const members = new Map<string, Uint8Array>();
  for (const name of scanner.members()) members.set(name, scanner.value());
  return members;
}
