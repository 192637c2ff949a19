import type { FileMembers, SourceOpening, SurveyAccess, SurveyRequest } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { readMembers } from '#domain/file/read-members.ts';
import { decompressed } from '../decompress.ts';
import { HTTP_OPTIONS } from './http-options.ts';
import { type HttpRequest, HttpSession, shownUrl } from './http-session.ts';
import { dropParam } from './set-param.ts';

/** Bytes of an answer that are looked at. */
const LOOKED_AT = 16 * 1024 * 1024;
/** Parameters whose values are secrets by their names. */
const SECRET_PARAM =
  /^(api[_-]?key|key|(access|auth|id)?[_-]?token|secret|client[_-]?secret|password|pwd|sig|signature)$/i;

/** The beginning of what an address answers. */
export interface FirstAnswer {
  readonly url: URL;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** Whether these are all of its bytes. */
  readonly isWhole: boolean;
}

/** An address as it stands in a file, with the members that say who asks. */
export interface SurveyedAddress {
  readonly url: URL;
  /** `url` is left to the kind. */
  readonly members: FileMembers;
}

/**
 * What of an address may stand in a file.
 * @throws DataForgeError `invalid_parameter` where it holds a secret
 */
export function surveyedAddress({ address, access }: Pick<SurveyRequest, 'address' | 'access'>): SurveyedAddress {
  if (!URL.canParse(address)) throw new DataForgeError('invalid_parameter', `${address} is no address.`);
  const url = new URL(address);
  url.hash = '';
  if (url.username !== '' || url.password !== '') {
    const message = `The address holds a user or a password, and files hold none: keep the password as a secret, and give --secret NAME and --user ${url.username || 'USER'}.`;
    throw new DataForgeError('invalid_parameter', message);
  }
  if (access?.param) dropParam(url, access.param);
  const param = [...url.searchParams.keys()].find((name) => SECRET_PARAM.test(name));
  if (param !== undefined) {
    const message = `The parameter ${param} of the address looks like a secret, and files hold none: keep it as a secret, and give --secret NAME and --secret-param ${param}.`;
    throw new DataForgeError('invalid_parameter', message);
  }
  return { url, members: access === null ? {} : { auth: authOf(access) } };
}

function authOf({ secret, user, header, param }: SurveyAccess): FileMembers {
  if (user !== null) return { kind: 'basic', user, password: { secret } };
  if (header !== null) return { kind: 'api_key', key: { secret }, header };
  return param === null ? { kind: 'bearer', token: { secret } } : { kind: 'api_key', key: { secret }, param };
}

/** Asks an address as its pipeline will. */
export function surveySession({ url, members }: SurveyedAddress, opening: SourceOpening): HttpSession {
  return new HttpSession(readMembers({ url: url.href, ...members }, HTTP_OPTIONS, 'source'), opening);
}

/**
 * The beginning of an answer.
 * @throws DataForgeError `source_failed` where it is none that rows could be in
 */
export async function firstAnswer(
  session: HttpSession,
  url: URL,
  request: HttpRequest = {},
  most = LOOKED_AT,
): Promise<FirstAnswer> {
  const response = await session.send(url, request).catch((error) => {
    throw explained(error, url);
  });
  const { headers } = response;
  if (/^(text\/html|application\/xhtml)/i.test(headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    const message = `${shownUrl(url)} answers with a web page, and not with rows; its documentation should name the address of its API.`;
    throw new DataForgeError('source_failed', message);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of decompressed(session.bytes(url, response))) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > most) break;
  }
  return { url, headers, bytes: Buffer.concat(chunks), isWhole: size <= most };
}

/** What a status means to somebody who has no pipeline yet. */
function explained(error: unknown, url: URL): unknown {
  if (!(error instanceof DataForgeError)) return error;
  const { status } = error.details;
  const advice: Readonly<Record<number, string>> = {
    401: 'it wants to know who asks. Keep the token or password as a secret (FORGE_SECRET_NAME), and give --secret NAME, with --user, --secret-header or --secret-param where it is no bearer token',
    403: 'it does not let in whoever asks so; look at what --secret names, and at its rights',
    404: 'there is nothing at that address',
  };
  const meaning = typeof status === 'number' ? advice[status] : undefined;
  if (meaning === undefined) return error;
  return new DataForgeError('source_failed', `${shownUrl(url)} answered ${status}: ${meaning}.`, {
    cause: error,
    details: error.details,
  });
}

/** Whether an address is one of HTTP. */
export function isHttp(address: string): boolean {
  return /^https?:\/\//i.test(address);
}

/** A name for what is behind an address: the last part of its path that says something, else its host. */
export function nameOfAddress({ pathname, hostname }: URL): string {
  const parts = pathname.split('/').filter((part) => part !== '' && !/^(v\d+(\.\d+)?|api|rest|json|csv)$/i.test(part));
  return decodeURIComponent(parts.at(-1) ?? hostname);
}
