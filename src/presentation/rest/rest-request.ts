import type { FastifyReply } from 'fastify';
import { type Call, NEVER } from '#application/call.ts';
import type { Caller } from '#application/caller.ts';
import { Observation } from '#application/observe.ts';
import { DataForgeError } from '#domain/errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What our routes know of a request; there from the first hook on. */
    forge: RestRequest;
  }
}

const NOBODY: Caller = { name: 'nobody', right: 'read' };

/** One request: who asks, what is observed, and the signal that fires when the client leaves. */
export class RestRequest {
  readonly observation = new Observation();
  caller: Caller = NOBODY;
  /** What was asked of the store, for the log of slow requests. */
  plan: Readonly<Record<string, unknown>> | null = null;
  error: unknown = null;
  /** Milliseconds until the answer began, for one that goes on for as long as the client likes. */
  began: number | null = null;
  readonly #started = performance.now();
  readonly #response: FastifyReply['raw'];

  /** @param traceParent its header `traceparent` */
  constructor(response: FastifyReply['raw'], traceParent: string | null) {
    this.#response = response;
    this.observation.traceParent = traceParent;
  }

  /** A call that is over too soon to be given up. */
  call(): Call {
    return { caller: this.caller, signal: NEVER, observation: this.observation };
  }

  /** A call that ends when the client leaves. */
  abortableCall(): Call {
    const controller = new AbortController();
    const response = this.#response;
    const leave = () => {
      if (response.writableFinished) return;
      controller.abort(new DataForgeError('cancelled', 'The client closed the connection.'));
    };
    if (response.destroyed) leave();
    else response.once('close', leave);
    return { caller: this.caller, signal: controller.signal, observation: this.observation };
  }

  /** `Server-Timing` as far as it is known. */
  serverTiming(): string {
    const { parts } = this.observation;
    let text = '';
    for (const part of ['parse', 'queue', 'engine', 'render'] as const) {
      if (parts[part] > 0) text += `${part};dur=${parts[part].toFixed(2)}, `;
    }
    return `${text}total;dur=${this.elapsed().toFixed(2)}`;
  }

  /** Milliseconds since the request came in. */
  elapsed(): number {
    return performance.now() - this.#started;
  }

  /** The same as the contract writes it. */
  executionTime(): string {
    return this.elapsed().toFixed(3);
  }
}
