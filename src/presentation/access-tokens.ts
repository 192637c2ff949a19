import { createHash, timingSafeEqual } from 'node:crypto';
import type { Caller, Right } from '#application/caller.ts';
import { DataForgeError } from '#domain/errors.ts';

export interface AccessToken {
  readonly name: string;
  readonly secret: string;
  readonly right: Right;
}

const LOCAL_CALLER: Caller = { name: 'local', right: 'admin' };

/** Who calls, by the token that comes with a request; the same for every protocol. */
export class AccessTokens {
  readonly #tokens: readonly { readonly caller: Caller; readonly digest: Buffer }[];

  /** Without any token, whoever can reach the server may do everything. */
  constructor(tokens: readonly AccessToken[]) {
    this.#tokens = tokens.map(({ name, secret, right }) => ({ caller: { name, right }, digest: digestOf(secret) }));
  }

  /**
   * Who calls, by the text of an `Authorization` header: a bearer token, or the same as the password of Basic.
   * @returns null where no token came and one is needed
   * @throws DataForgeError `unauthorized` where it is a wrong one
   */
  identify(authorization: string | undefined): Caller | null {
    if (this.#tokens.length === 0) return LOCAL_CALLER;
    if (authorization === undefined) return null;
    const digest = digestOf(readSecret(authorization) ?? '');
    let found: Caller | null = null;
    for (const token of this.#tokens) if (timingSafeEqual(token.digest, digest)) found = token.caller;
    if (found === null)
      throw new DataForgeError(
        'unauthorized',
        'The token is not one of this server; send "Authorization: Bearer SECRET".',
      );
    return found;
  }
}

/** The token in the text of an `Authorization` header; null where it is of another scheme. */
function readSecret(authorization: string): string | null {
  const [scheme = '', value = ''] = authorization.split(/ +/, 2);
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return null;
  const text = Buffer.from(value, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
