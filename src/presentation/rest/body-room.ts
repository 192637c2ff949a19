import { DataForgeError } from '#domain/errors.ts';

/** What one body takes of the room; `close` must be called when nobody holds its bytes any more. */
export interface BodyShare {
  /** @throws DataForgeError `too_many_requests` where others hold so many bytes that these do not fit */
  take(bytes: number): void;
  close(): void;
}

/** Bounds the bytes of all bodies together that are held before it is known who sends them. */
export class BodyRoom {
  readonly #most: number;
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  open(): BodyShare {
    let own = 0;
    return {
      take: (bytes) => {
        if (this.#held + bytes > this.#most) {
          const message = 'Too much is sent at once by all senders together; send this again in a moment.';
          throw new DataForgeError('too_many_requests', message, { retryable: true });
        }
        own += bytes;
        this.#held += bytes;
      },
      close: () => {
        this.#held -= own;
        own = 0;
      },
    };
  }
}
