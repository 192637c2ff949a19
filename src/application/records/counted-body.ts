/** A body that knows how many bytes of it were read, and how long whoever reads it has waited for them. */
export class CountedBody implements AsyncIterable<Uint8Array> {
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #onBegin: () => void;
  bytes = 0;
  /** Milliseconds. */
  waited = 0;

  /** @param onBegin told when somebody begins to read */
  constructor(body: AsyncIterable<Uint8Array>, onBegin: () => void = () => {}) {
    this.#body = body;
    this.#onBegin = onBegin;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.#onBegin();
    let asked = performance.now();
    for await (const chunk of this.#body) {
      this.waited += performance.now() - asked;
      this.bytes += chunk.byteLength;
      yield chunk;
      asked = performance.now();
    }
    this.waited += performance.now() - asked;
  }
}
