import { DataForgeError } from '#domain/errors.ts';
import { membersOf } from '#formats/json/find-member.ts';
import { JsonScanner, parsedJson } from '#formats/json/json-scanner.ts';
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
  const base = baseOf(members, url);
  const delta = textAt(members, 'deltaLink');
  return {
    rows,
    next: nextOf(members, url),
    delta: delta === null || !URL.canParse(delta, base) ? null : new URL(delta, base),
  };
}

/** As much of an answer as is looked at for what stands in front of its rows. */
const MOST_IN_FRONT = 16 * 1024;

/** Passes an answer on as it comes, and tells where the page behind it is as soon as that has come, if it stands in front of the rows. */
export async function* tellingNext(
  body: AsyncIterable<Uint8Array>,
  url: URL,
  onNext: (next: URL) => void,
): AsyncGenerator<Uint8Array> {
  let begun: Uint8Array | null = new Uint8Array();
  for await (const chunk of body) {
    if (begun !== null) {
      begun = begun.length === 0 ? chunk : Buffer.concat([begun, chunk]);
      const next = nextInFront(begun, url);
      if (next !== null) onNext(next);
      if (next !== null || begun.length > MOST_IN_FRONT) begun = null;
    }
    yield chunk;
  }
}

/** Where the page behind is; null where what has come does not tell, or is nothing to go by. */
function nextInFront(begun: Uint8Array, url: URL): URL | null {
  try {
    const scanner = new JsonScanner(begun);
    scanner.skipMark();
    const members = new Map<string, Uint8Array>();
    for (const name of scanner.members()) {
      if (name === 'value') return nextOf(members, url);
      members.set(name, scanner.value());
    }
  } catch {
    // The whole answer will tell, or say what is wrong with it.
  }
  return null;
}

function nextOf(members: ReadonlyMap<string, Uint8Array>, url: URL): URL | null {
  const next = textAt(members, 'nextLink');
  return next === null ? null : nextAddress(next, url, baseOf(members, url));
}

/** What relative addresses are relative to: the context, which itself may be relative to the address of the answer. */
function baseOf(members: ReadonlyMap<string, Uint8Array>, url: URL): URL {
  const context = textAt(members, 'context');
  return context !== null && URL.canParse(context, url) ? new URL(context, url) : url;
}

/** What the service says by a name, which OData 4.0 writes with `odata.` in front. */
function textAt(members: ReadonlyMap<string, Uint8Array>, name: string): string | null {
  const value = members.get(`@odata.${name}`) ?? members.get(`@${name}`);
  const text = value === undefined ? null : parsedJson(value);
  return typeof text === 'string' && text !== '' ? text : null;
}
