import { createHash } from 'node:crypto';

/** A fingerprint of a body that is being read: passes the bytes on and knows their hash when all have come. */
export class HashedBody {
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #hash = createHash('sha256');
  #digest: string | null = null;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#body = body;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#body) {
      this.#hash.update(chunk);
      yield chunk;
    }
    this.#digest = this.#hash.digest('hex');
  }

  /** The hash of a body that has been read to its end. */
  digest(): string {
    if (this.#digest === null) throw new Error('the body has not been read to its end');
    return this.#digest;
  }

  /** Reads what is left and tells the hash. */
  async drain(): Promise<string> {
    for await (const _ of this);
    return this.digest();
  }
}
