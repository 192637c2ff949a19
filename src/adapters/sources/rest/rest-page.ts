import { DataForgeError } from '#domain/errors.ts';
import { fileKindOf } from '#formats/file/file-kind.ts';
import { jsonArrayLines } from '#formats/json/array-lines.ts';
import { findMember } from '#formats/json/find-member.ts';
import { decompressed } from '../shared/decompress.ts';
import { once, readWhole } from '../shared/http/read-whole.ts';
import type { RestFormat, RestOptions } from './rest-options.ts';
import { looksIntoAnswers } from './rest-paging.ts';

/** What an answer holds. */
export interface PageBody {
  readonly format: 'ndjson' | 'csv';
  /** Its rows, a record a line. */
  readonly records: AsyncIterable<Uint8Array>;
  /** The answer, where it was read whole. */
  readonly document: Uint8Array | null;
}

/** Makes lines of the rows of an answer: as they come where nothing else in it is of interest, else of the whole. */
export async function readPageBody(
  options: RestOptions,
  url: URL,
  headers: Headers,
  body: AsyncIterable<Uint8Array>,
): Promise<PageBody> {
  const format = options.format ?? formatOf(url, headers);
  const bytes = decompressed(body);
  if (format !== 'json') {
    return { format, records: bytes, document: null };
  }
  if (options.records === null && !looksIntoAnswers(options.paging)) {
    return { format: 'ndjson', records: jsonArrayLines(bytes), document: null };
  }
  const document = await readWhole(bytes, url);
  const list = findMember(document, options.records?.split('.') ?? []);
  if (list === null) {
    throw new DataForgeError('source_failed', `The answer of ${url.origin}${url.pathname} has no ${options.records}.`);
  }
  return { format: 'ndjson', records: jsonArrayLines(once(list)), document };
}

/** By what the server says, by the ending of the address, else JSON. */
export function formatOf({ pathname }: URL, headers: Headers): RestFormat {
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (/^(application\/(x-ndjson|ndjson|jsonl|x-jsonlines|json-seq))$/.test(type)) return 'ndjson';
  if (/^(text\/csv|application\/csv)$/.test(type)) return 'csv';
  if (/[/+]json$/.test(type)) return 'json';
  const { format } = fileKindOf(pathname.split('/').at(-1) ?? '');
  return format === 'ndjson' || format === 'csv' ? format : 'json';
}
