/**
 * Ids are UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, then 26 random bits drawn once a commit, then the
 * 48 bits of the sequence number the record was born with. So ids of one commit ascend in its order, two stores
 * do not meet, and the last 48 bits of an id, its *locator*, say where in the table a record lies: the locators of
 * a table ascend with its rows, and an engine that keeps a least and a most value a block of rows finds a record
 * by them without an index.
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Sequence numbers and locators stay below this. */
export const MAX_SEQUENCE = 2 ** 48 - 1;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** What all ids of one commit begin with, the last hyphen included (24 characters). */
export function idPrefix(milliseconds: number, random: number): string {
  const time = milliseconds.toString(16).padStart(12, '0');
  const high = ((random >>> 14) & 0xfff).toString(16).padStart(3, '0');
  const low = (0x8000 | (random & 0x3fff)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-${low}-`;
}

/** The id of the record that was born with a sequence number. */
export function idOf(prefix: string, sequence: number): string {
  return prefix + sequence.toString(16).padStart(12, '0');
}

/** The last 48 bits of any UUID as a number. */
export function locatorOf(id: string): number {
  return Number.parseInt(id.slice(24), 16);
}
