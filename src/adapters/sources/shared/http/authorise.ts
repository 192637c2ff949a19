import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { SecretName } from '#domain/pipeline/secret.ts';
import type { Auth } from './http-options.ts';
import { retryTime } from './retry-time.ts';

/** What a request is given so that the source knows who asks. */
interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
}

type Opening = Pick<SourceOpening, 'secrets' | 'web' | 'clock' | 'signal'>;

const NOTHING: Credentials = { headers: {}, params: {} };
/** A token is not used in its last moments. */
const MARGIN = 30_000;

/** The text that a file gives by itself, or by the name of a secret. */
export function textOf(value: string | SecretName, { secrets }: Pick<SourceOpening, 'secrets'>): string {
  return typeof value === 'string' ? value : secrets.get(value.secret);
}

/** Makes the credentials of requests; a token is fetched when it is needed and kept as long as it is good. */
export class Authoriser {
  readonly #auth: Auth | null;
  readonly #opening: Opening;
  #token: { readonly text: string; readonly until: number } | null = null;

  constructor(auth: Auth | null, opening: Opening) {
    this.#auth = auth;
    this.#opening = opening;
  }

  async credentials(): Promise<Credentials> {
    const auth = this.#auth;
    if (auth === null) return NOTHING;
    if (auth.kind === 'bearer') return header('authorization', `Bearer ${textOf(auth.token, this.#opening)}`);
    if (auth.kind === 'oauth2') return header('authorization', `Bearer ${await this.#tokenOf(auth)}`);
    if (auth.kind === 'basic') {
      const pair = `${textOf(auth.user, this.#opening)}:${textOf(auth.password, this.#opening)}`;
      return header('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
    }
    const key = textOf(auth.key, this.#opening);
    if (auth.param !== null) return { headers: {}, params: { [auth.param]: key } };
    return header(auth.header ?? 'x-api-key', key);
  }

  async #tokenOf(auth: Auth & { readonly kind: 'oauth2' }): Promise<string> {
    const { clock } = this.#opening;
    if (this.#token !== null && clock.now() < this.#token.until) return this.#token.text;
    const answer = await this.#fetchToken(auth);
    const seconds = Number(answer.expires_in ?? 300);
    this.#token = { text: answer.access_token, until: clock.now() + seconds * 1000 - MARGIN };
    return answer.access_token;
  }

  async #fetchToken(auth: Auth & { readonly kind: 'oauth2' }): Promise<TokenAnswer> {
    const { web, signal, clock } = this.#opening;
    const [id, secret] = [textOf(auth.clientId, this.#opening), textOf(auth.clientSecret, this.#opening)];
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(auth.scope && { scope: auth.scope }) });
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
    if (auth.send === 'basic') {
      const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
      headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    } else {
      form.set('client_id', id);
      form.set('client_secret', secret);
    }
    const response = await web.fetch(new URL(auth.tokenUrl), { method: 'POST', headers, body: String(form), signal });
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok && isTokenAnswer(answer)) return answer;
    const retryAt = retryTime(response.headers, clock.now());
    throw new DataForgeError('source_failed', `${auth.tokenUrl} gives no token: it answered ${response.status}.`, {
      retryable: response.status === 429 || response.status >= 500,
      ...(retryAt !== null && { details: { retryAt } }),
    });
  }
}

interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in?: number | string;
}

function isTokenAnswer(answer: unknown): answer is TokenAnswer {
  return typeof (answer as TokenAnswer | null)?.access_token === 'string';
}

function header(name: string, value: string): Credentials {
  return { headers: { [name]: value }, params: {} };
}
