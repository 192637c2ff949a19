import { DataForgeError } from '#domain/errors.ts';
import { withDefault, word } from '#domain/file/option.ts';
import type { BodyPlace } from '../resumable-records.ts';
import { shownUrl } from './http-session.ts';

/** What a source that reads pages may be told of pages that come twice. */
export const REPEATED_PAGES = withDefault(
  word('What becomes of a page that has the same rows as the one before: it is asked for again, or taken.', [
    'refuse',
    'take',
  ]),
  'refuse',
);

/**
 * @param place how much of a page was read
 * @param lastPage the checksum of the page before
 * @throws DataForgeError `source_failed` where the two are the same
 */
export function refuseRepeated(
  url: URL,
  place: BodyPlace | null,
  lastPage: number | null,
  repeatedPages: 'refuse' | 'take',
): void {
  const isRepeated = place !== null && place.bytes > 0 && place.crc === lastPage;
  if (!isRepeated || repeatedPages === 'take') return;
  const message = `${shownUrl(url)} gave the rows of one page twice. Where that may be, write repeated_pages: take.`;
  throw new DataForgeError('source_failed', message, { retryable: true });
}

/**
 * The address of the next page, which may be relative to another one.
 * @throws DataForgeError `source_failed` where it is none, or that of the page itself
 */
export function nextAddress(address: string, url: URL, base: URL = url): URL {
  if (!URL.canParse(address, base)) throw failed(`The address of the next page, ${address.slice(0, 200)}, is none.`);
  const next = new URL(address, base);
  if (next.href === url.href) throw leadsToItself(url);
  return next;
}

export function leadsToItself(url: URL): DataForgeError {
  return failed(`A page of ${shownUrl(url)} names itself as the next one.`);
}

function failed(message: string): DataForgeError {
  return new DataForgeError('source_failed', message, { retryable: true });
}
