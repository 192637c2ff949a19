import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SignatureScheme } from '#domain/pipeline/push.ts';

/** A request as it came. */
export interface SignedRequest {
  /** By its name in lower case; one that came several times has its values with commas between. */
  readonly header: (name: string) => string | null;
  /** The very bytes: a signature is over them. */
  readonly body: Uint8Array;
}

const SHA256_BYTES = 32;
const ONE_SECOND = 1000;
/** What Standard Webhooks writes before a secret that is base64. */
const SECRET_PREFIX = 'whsec_';

/**
 * Whether a request proves by one of the secrets that it comes from its sender. How long that takes says nothing of a secret.
 * @param now milliseconds since 1970
 */
export function isAuthentic(
  scheme: SignatureScheme,
  secrets: readonly string[],
  { header, body }: SignedRequest,
  now: number,
): boolean {
  switch (scheme.kind) {
    case 'hmac': {
      const given = listed(header(scheme.header.toLowerCase()), scheme.prefix, /[\s,]+/);
      return isSignedBy(secrets, [body], given, scheme.encoding);
    }
    case 'timestamped': {
      const fields = header(scheme.header.toLowerCase());
      const [time = ''] = listed(fields, 't=', /[\s,]+/);
      const given = listed(fields, 'v1=', /[\s,]+/);
      return isFresh(time, scheme.tolerance, now) && isSignedBy(secrets, [`${time}.`, body], given, 'hex');
    }
    case 'standard': {
      const id = header('webhook-id') ?? '';
      const time = header('webhook-timestamp') ?? '';
      const given = listed(header('webhook-signature'), 'v1,', /\s+/);
      const keys = secrets.map((secret) => Buffer.from(secret.replace(SECRET_PREFIX, ''), 'base64'));
      return (
        id !== '' && isFresh(time, scheme.tolerance, now) && isSignedBy(keys, [`${id}.${time}.`, body], given, 'base64')
      );
    }
    case 'bearer': {
      const [, token = ''] = /^bearer +(\S+)$/i.exec(header('authorization') ?? '') ?? [];
      return isOneOf(secrets.map(digestOf), [digestOf(token)]);
    }
  }
}

/** The parts of a header's value that begin with a prefix, without it. */
function listed(value: string | null, prefix: string, separator: RegExp): readonly string[] {
  const parts = (value ?? '').split(separator);
  return parts.flatMap((part) => (part !== '' && part.startsWith(prefix) ? [part.slice(prefix.length)] : []));
}

function isFresh(seconds: string, tolerance: number, now: number): boolean {
  return /^\d{1,12}$/.test(seconds) && Math.abs(now - Number(seconds) * ONE_SECOND) <= tolerance;
}

function isSignedBy(
  keys: readonly (string | Buffer)[],
  content: readonly (string | Uint8Array)[],
  given: readonly string[],
  encoding: 'hex' | 'base64',
): boolean {
  const expected = keys.map((key) => {
    const hmac = createHmac('sha256', key);
    for (const part of content) hmac.update(part);
    return hmac.digest();
  });
  return isOneOf(
    expected,
    given.map((signature) => Buffer.from(signature, encoding)),
  );
}

/** Compares all with all, whatever is found on the way. */
function isOneOf(expected: readonly Buffer[], given: readonly Buffer[]): boolean {
  let isFound = false;
  for (const candidate of given) {
    if (candidate.length !== SHA256_BYTES) continue;
    for (const digest of expected) if (timingSafeEqual(digest, candidate)) isFound = true;
  }
  return isFound;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
