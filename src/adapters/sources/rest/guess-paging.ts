import type { FileMembers } from '#application/ports/source.ts';
import { nextLink } from './rest-paging.ts';

/** What the first answer shows of how its source pages. */
export interface SeenPage {
  readonly url: URL;
  readonly headers: Headers;
  /** The answer; null where it is no JSON. */
  readonly answer: unknown;
  readonly rows: number;
}

export interface GuessedPaging {
  readonly paging: FileMembers;
  /** Parameters of the address that the paging sets itself. */
  readonly params: readonly string[];
  /** What it was told by, as the end of a sentence. */
  readonly seen: string;
}

const NEXT_ADDRESS = ['next', 'next_url', 'nexturl', 'next_page_url', 'next_link', 'nextlink', 'next_page', 'href'];
const CURSORS: Readonly<Record<string, string>> = {
  next_cursor: 'cursor',
  nextcursor: 'cursor',
  next_page_token: 'page_token',
  nextpagetoken: 'pageToken',
  next_token: 'next_token',
  nexttoken: 'nextToken',
  continuation_token: 'continuation_token',
  continuationtoken: 'continuationToken',
  end_cursor: 'after',
  endcursor: 'after',
  next: 'cursor',
  cursor: 'cursor',
};
const PAGE_PARAMS = ['page', 'page_number', 'pagenumber', 'pageno', 'p'];
const SIZE_PARAMS = ['per_page', 'page_size', 'pagesize', 'perpage', 'limit', 'size', 'count'];
const OFFSET_PARAMS = ['offset', 'skip', 'start', 'from'];
const LIMIT_PARAMS = ['limit', 'take', 'count', 'size', 'max', 'per_page'];
const PAGE_COUNTS = ['total_pages', 'totalpages', 'page_count', 'pagecount', 'last_page', 'lastpage', 'pages'];
const PAGE_NUMBERS = ['page', 'current_page', 'currentpage', 'page_number', 'pagenumber'];
const TOTALS = ['total', 'total_count', 'totalcount', 'total_items', 'totalitems', 'total_results', 'count'];
const MOST_DEPTH = 3;

interface Member {
  readonly path: string;
  /** Its own name in lower case. */
  readonly name: string;
  readonly value: string | number;
}

/** How a source most likely pages, the surest first. A guess that asks for a second page can be tried. */
export function guessPaging(page: SeenPage): readonly GuessedPaging[] {
  const members = [...plainMembers(page.answer, [])];
  return [...byLink(page), ...byAddress(page, members), ...byCursor(members), ...byNumber(page, members)];
}

/** How many rows there are in all, where the answer tells of more than it has. */
export function moreRows({ answer, rows }: SeenPage): number | null {
  const totals = [...plainMembers(answer, [])].filter(({ name }) => TOTALS.includes(name));
  return totals.map(({ value }) => Number(value)).find((total) => total > rows) ?? null;
}

function* byLink({ headers }: SeenPage): Generator<GuessedPaging> {
  if (nextLink(headers.get('link') ?? '') === null) return;
  yield { paging: { kind: 'link' }, params: [], seen: 'the answer has a Link header with rel="next"' };
}

function* byAddress({ url }: SeenPage, members: readonly Member[]): Generator<GuessedPaging> {
  for (const { path, name, value } of members) {
    const isNamed = NEXT_ADDRESS.includes(name) && (name !== 'href' || /(^|\.)next\.href$/i.test(path));
    const isAddress = typeof value === 'string' && /^(https?:\/\/|\/|\?)/.test(value) && URL.canParse(value, url);
    if (isNamed && isAddress) {
      yield {
        paging: { kind: 'next', path },
        params: [],
        seen: `${path} of the answer is the address of the next page`,
      };
    }
  }
}

function* byCursor(members: readonly Member[]): Generator<GuessedPaging> {
  for (const { path, name, value } of members) {
    const param = Object.hasOwn(CURSORS, name) ? CURSORS[name] : undefined;
    if (param === undefined || value === '' || /^https?:\/\//.test(String(value))) continue;
    const paging = { kind: 'cursor', ...(param !== 'cursor' && { param }), path };
    yield {
      paging,
      params: [param],
      seen: `${path} of the answer is the cursor of the next page, which ${param} takes`,
    };
  }
}

function* byNumber(page: SeenPage, members: readonly Member[]): Generator<GuessedPaging> {
  const { url } = page;
  const param = paramOf(url, PAGE_PARAMS);
  const offset = paramOf(url, OFFSET_PARAMS);
  const pages = members.find(({ name, value }) => PAGE_COUNTS.includes(name) && Number.isInteger(Number(value)));
  const number = members.find(({ name }) => PAGE_NUMBERS.includes(name));
  if (param !== null || pages !== undefined || number !== undefined) {
    const size = paramOf(url, SIZE_PARAMS);
    const first = Number((param && url.searchParams.get(param)) ?? number?.value ?? 1);
    const name = param ?? 'page';
    const sizes = size === null ? {} : { size_param: size, size: Number(url.searchParams.get(size)) };
    const paging = {
      kind: 'page',
      ...(name !== 'page' && { param: name }),
      ...(first === 0 && { first: 0 }),
      ...sizes,
      ...(pages && { pages: pages.path }),
    };
    const told = param === null ? `${(pages ?? number)?.path} of the answer` : `the parameter ${param} of the address`;
    yield { paging, params: [name, ...(size === null ? [] : [size])], seen: `${told} counts pages` };
  }
  const told = members.find(({ name }) => OFFSET_PARAMS.slice(0, 2).includes(name));
  if (offset === null && told === undefined && moreRows(page) === null) return;
  const limitParam = paramOf(url, LIMIT_PARAMS);
  const limit = Number(limitParam === null ? page.rows : url.searchParams.get(limitParam)) || page.rows;
  const name = offset ?? (told === undefined ? 'offset' : told.path.split('.').at(-1));
  const paging = {
    kind: 'offset',
    ...(name !== 'offset' && { param: name }),
    ...(limitParam !== null && limitParam !== 'limit' && { limit_param: limitParam }),
    ...(limit !== 1000 && limit > 0 && { limit }),
  };
  const by = offset === null ? (told?.path ?? 'the number of all rows') : `the parameter ${offset}`;
  yield {
    paging,
    params: [name ?? 'offset', limitParam ?? 'limit'],
    seen: `${by} tells of rows to pass over`,
  };
}

function paramOf(url: URL, names: readonly string[]): string | null {
  return [...url.searchParams.keys()].find((name) => names.includes(name.toLowerCase())) ?? null;
}

/** Texts and numbers of an answer that stand in no list. */
function* plainMembers(json: unknown, path: readonly string[]): Generator<Member> {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || path.length === MOST_DEPTH) return;
  for (const [name, value] of Object.entries(json)) {
    if (name.includes('.')) continue;
    const here = [...path, name];
    if (typeof value === 'string' || typeof value === 'number') {
      yield { path: here.join('.'), name: name.toLowerCase(), value };
    } else yield* plainMembers(value, here);
  }
}
