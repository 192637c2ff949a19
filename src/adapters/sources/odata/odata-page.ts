import { DataForgeError } from '#domain/errors.ts';
import { membersOf } from '#formats/json/find-member.ts';
import { parsedJson } from '#formats/json/json-scanner.ts';
import { shownUrl } from '../shared/http/http-session.ts';
import { nextAddress } from '../shared/http/page-order.ts';

/** An answer of a service with some of the rows. */
export interface ODataPage {
  /** The list of them, as JSON. */
  readonly rows: Uint8Array;
  /** Where the page behind it is; null on the last one. */
  readonly next: URL | null;
  /** Where what has changed since will be; null where the service does not tell. */
  readonly delta: URL | null;
}

/**
 * Takes an answer apart (OData JSON Format 4.01, sections 4.5 and 15).
 * @throws DataForgeError `invalid_body` where it is no whole JSON, `source_failed` where it is no list of entities
 */
export function readPage(document: Uint8Array, url: URL): ODataPage {
  const members = membersOf(document);
  const rows = members.get('value');
  if (rows?.[0] !== 0x5b) {
    const message = `${shownUrl(url)} answers with no list of entities; is entity the name of an entity set?`;
    throw new DataForgeError('source_failed', message);
  }
  const context = textAt(members, 'context');
  // What is relative, is so to the context, which itself may be relative to the address.
  const base = context !== null && URL.canParse(context, url) ? new URL(context, url) : url;
  const next = textAt(members, 'nextLink');
  const delta = textAt(members, 'deltaLink');
  return {
    rows,
    next: next === null ? null : nextAddress(next, url, base),
    delta: delta === null || !URL.canParse(delta, base) ? null : new URL(delta, base),
  };
}

/** What the service says by a name, which OData 4.0 writes with `odata.` in front. */
function textAt(members: ReadonlyMap<string, Uint8Array>, name: string): string | null {
  const value = members.get(`@odata.${name}`) ?? members.get(`@${name}`);
  const text = value === undefined ? null : parsedJson(value);
  return typeof text === 'string' && text !== '' ? text : null;
}
