import { findMember } from '#formats/json/find-member.ts';
import { leadsToItself, nextAddress } from '../shared/http/page-order.ts';
import type { Paging } from './rest-options.ts';

/** Which page is next: its number or offset, the source's own cursor, or its address. */
export type PagePosition =
  | { readonly kind: 'first' }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'cursor'; readonly cursor: string }
  | { readonly kind: 'address'; readonly url: string };

export const FIRST_PAGE: PagePosition = { kind: 'first' };

/** What is known of a page once it has been read. */
export interface ReadPage {
  readonly url: URL;
  readonly headers: Headers;
  readonly rows: number;
  /** The whole answer, where the paging has to look into it. */
  readonly document: Uint8Array | null;
}

/** Whether the next page is named in the answer itself, which then has to be read whole. */
export function looksIntoAnswers(paging: Paging | null): boolean {
  return paging?.kind === 'cursor' || paging?.kind === 'next' || (paging?.kind === 'page' && paging.pages !== null);
}

/** The address of a page. */
export function addressOf(base: URL, paging: Paging | null, position: PagePosition): URL {
  if (position.kind === 'address') return new URL(position.url);
  const url = new URL(base);
  const number = position.kind === 'number' ? position.number : null;
  if (paging?.kind === 'page') {
    url.searchParams.set(paging.param, String(number ?? paging.first));
    if (paging.sizeParam !== null && paging.size !== null) url.searchParams.set(paging.sizeParam, String(paging.size));
  } else if (paging?.kind === 'offset') {
    url.searchParams.set(paging.param, String(number ?? 0));
    url.searchParams.set(paging.limitParam, String(paging.limit));
  } else if (paging?.kind === 'cursor' && position.kind === 'cursor') {
    url.searchParams.set(paging.param, position.cursor);
  }
  return url;
}

/**
 * The page behind one that was read; null where it was the last.
 * @throws DataForgeError `source_failed` where it leads to itself
 */
export function nextPage(paging: Paging | null, position: PagePosition, page: ReadPage): PagePosition | null {
  if (paging === null) return null;
  const number = position.kind === 'number' ? position.number : null;
  switch (paging.kind) {
    case 'page': {
      const current = number ?? paging.first;
      const pages = paging.pages === null ? null : Number(memberText(page, paging.pages));
      const isLast = pages === null ? page.rows === 0 : current >= paging.first + pages - 1;
      return isLast ? null : { kind: 'number', number: current + 1 };
    }
    case 'offset':
      return page.rows === 0 ? null : { kind: 'number', number: (number ?? 0) + page.rows };
    case 'cursor': {
      const cursor = memberText(page, paging.path);
      if (cursor === null) return null;
      if (position.kind === 'cursor' && position.cursor === cursor) throw leadsToItself(page.url);
      return { kind: 'cursor', cursor };
    }
    case 'next':
      return addressed(page, memberText(page, paging.path));
    case 'link':
      return addressed(page, nextLink(page.headers.get('link') ?? ''));
  }
}

function addressed({ url }: ReadPage, address: string | null): PagePosition | null {
  return address === null ? null : { kind: 'address', url: nextAddress(address, url).href };
}

/** A text or a number of an answer; null where it is not there, null or empty. */
function memberText({ document }: ReadPage, path: string): string | null {
  const value = document && findMember(document, path.split('.'));
  if (value === null) return null;
  const text = Buffer.from(value).toString();
  const read = text.startsWith('"') ? (JSON.parse(text) as string) : text;
  return read === 'null' || read === '' || read === 'false' ? null : read;
}

/** The target of `rel="next"` of a Link header (RFC 8288). */
export function nextLink(header: string): string | null {
  for (const [, target = '', parameters = ''] of header.matchAll(
    /<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:"[^"]*"|[^\s;,]*))?)*)/g,
  )) {
    const [, quoted, bare] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters) ?? [];
    if ((quoted ?? bare ?? '').toLowerCase().split(/\s+/).includes('next')) return target;
  }
  return null;
}
