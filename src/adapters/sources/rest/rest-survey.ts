import type { FileMembers, SourceOpening, Survey, SurveyRequest } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { readMembers } from '#domain/file/read-members.ts';
import { type GuessedRecords, guessRecords } from '../shared/guess-records.ts';
import { shownUrl } from '../shared/http/http-session.ts';
import { dropParam } from '../shared/http/set-param.ts';
import {
  type FirstAnswer,
  firstAnswer,
  isHttp,
  nameOfAddress,
  surveyedAddress,
  surveySession,
} from '../shared/http/survey-http.ts';
import { type GuessedPaging, guessPaging, moreRows, type SeenPage } from './guess-paging.ts';
import { REST_OPTIONS, type RestFormat, type RestOptions } from './rest-options.ts';
import { formatOf } from './rest-page.ts';
import { addressOf, FIRST_PAGE, nextPage } from './rest-paging.ts';

/** Guesses that are tried before paging is left to people. */
const MOST_TRIED = 4;
/** Sizes that pages are cut to by most servers. */
const PAGE_SIZES = new Set([10, 20, 25, 30, 50, 100, 200, 250, 500, 1000]);

/** Rows behind an address: what they are written in, where they are in the answer, and how they are paged. */
export async function surveyRest(request: SurveyRequest, opening: SourceOpening): Promise<Survey | null> {
  if (!isHttp(request.address)) return null;
  const { url, members } = surveyedAddress(request);
  const session = surveySession({ url, members }, opening);
  const first = await firstAnswer(session, url);
  const format = seenFormat(first);
  const named = format === formatOf(url, first.headers) ? {} : { format };
  const survey = { name: nameOfAddress(url), description: null, gives: 'all rows' } as const;
  if (format !== 'json' || isLongArray(first)) {
    return {
      ...survey,
      members: { url: url.href, ...members, ...named },
      notes: [],
      incremental: format === 'csv' ? null : (field) => ({ field }),
    };
  }
  const answer = parsed(first);
  const records = guessRecords(answer);
  if (records === null) {
    throw new DataForgeError(
      'source_failed',
      `The answer of ${shownUrl(url)} has no list of objects, so that nobody can tell its rows.`,
    );
  }
  const page = { url, headers: first.headers, answer, rows: records.rows.length };
  const plain = { ...members, ...named, ...(records.path !== null && { records: records.path }) };
  const read = async (address: URL) => rowsOf(await firstAnswer(session, address), records);
  const paged = await triedPaging(page, first, plain, records, read);
  return {
    ...survey,
    members: { url: paged.url.href, ...plain, ...(paged.paging && { paging: paged.paging }) },
    notes: [...paged.notes, ...othersNote(records)],
    incremental: (field) => ({ field }),
  };
}

interface PagedAddress {
  readonly url: URL;
  readonly paging: FileMembers | null;
  readonly notes: readonly string[];
}

/** The first guess whose second page has other rows than the first. */
async function triedPaging(
  page: SeenPage,
  first: FirstAnswer,
  members: FileMembers,
  { rows }: GuessedRecords,
  read: (address: URL) => Promise<readonly unknown[]>,
): Promise<PagedAddress> {
  for (const guess of guessPaging(page).slice(0, MOST_TRIED)) {
    const url = new URL(page.url);
    for (const name of guess.params) dropParam(url, name);
    const options = readMembers({ url: url.href, ...members, paging: guess.paging }, REST_OPTIONS, 'source');
    const second = secondAddress(options, { ...page, document: first.bytes });
    const isLast = second === null && isTold(guess);
    const found = second === null ? [] : await read(second).catch(() => []);
    if (isLast || (found.length > 0 && JSON.stringify(found[0]) !== JSON.stringify(rows[0]))) {
      return { url, paging: guess.paging, notes: [`Paging: ${guess.seen}.`] };
    }
  }
  return { url: page.url, paging: null, notes: unpagedNotes(page) };
}

/** Whether the answers themselves tell when there is no page behind them. */
function isTold({ paging }: GuessedPaging): boolean {
  return paging.kind === 'page' && paging.pages !== undefined;
}

function secondAddress(
  { paging, url: base }: RestOptions,
  { url, headers, rows, document }: SeenPage & { readonly document: Uint8Array },
): URL | null {
  const next = nextPage(paging, FIRST_PAGE, { url, headers, rows, document });
  return next === null ? null : addressOf(new URL(base), paging, next);
}

function unpagedNotes(page: SeenPage): readonly string[] {
  const all = moreRows(page);
  const { rows } = page;
  if (all !== null)
    return [`The answer has ${rows} rows and tells of ${all}: find out how the service pages, and write paging.`];
  if (!PAGE_SIZES.has(rows)) return [];
  return [
    `The answer has exactly ${rows} rows, which may be the first of several pages: find out, and write paging if so.`,
  ];
}

function othersNote({ path, others }: GuessedRecords): readonly string[] {
  if (others.length === 0) return [];
  return [`The rows are taken from ${path ?? 'the answer itself'}; it also has lists in ${others.join(', ')}.`];
}

/** By what the server says, and where it says nothing of use, by how the answer begins. */
function seenFormat({ url, headers, bytes }: FirstAnswer): RestFormat {
  const format = formatOf(url, headers);
  if (format !== 'json') return format;
  const beginning = bytes
    .toString('utf8', 0, 1_000_000)
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (beginning.startsWith('[')) return 'json';
  if (!beginning.startsWith('{')) {
    if (beginning.split('\n', 1)[0]?.includes(',')) return 'csv';
    const message = `${shownUrl(url)} answers with what is no JSON, no NDJSON and no CSV.`;
    throw new DataForgeError('source_failed', message);
  }
  const [line = '', second = ''] = beginning.split('\n');
  return isJson(line) && second.trimStart().startsWith('{') ? 'ndjson' : 'json';
}

/** An array that is too long to be looked at whole: it has its rows itself, and no pages. */
function isLongArray({ bytes, isWhole }: FirstAnswer): boolean {
  return !isWhole && bytes.toString('utf8', 0, 1000).trimStart().startsWith('[');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parsed({ bytes, url, isWhole }: FirstAnswer): unknown {
  if (!isWhole)
    throw new DataForgeError('source_failed', `The answer of ${shownUrl(url)} is too long; ask for a smaller page.`);
  try {
    return JSON.parse(bytes.toString().replace(/^\uFEFF/, ''));
  } catch (cause) {
    const message = `The answer of ${shownUrl(url)} begins like JSON and is none.`;
    throw new DataForgeError('source_failed', message, { cause });
  }
}

function rowsOf(answer: FirstAnswer, { path }: GuessedRecords): readonly unknown[] {
  let found = parsed(answer);
  for (const name of path?.split('.') ?? []) found = (found as FileMembers | null)?.[name];
  return Array.isArray(found) ? found : [];
}
