/** What is known of one answered request, whatever its protocol: the source of its log line and its metrics. */
export interface AnsweredRequest {
  readonly protocol: 'rest' | 'graphql' | 'websocket' | 'flight';
  readonly method: string;
  /** The pattern of the route or the name of the call, never the address. */
  readonly route: string;
  /** As HTTP has it. */
  readonly status: number;
  /** Milliseconds from the first byte in to the last byte out; for a feed, until it began. */
  readonly duration: number;
  readonly dataset: string | null;
  /** The processor that computed the answer; null where none did. */
  readonly processor: string | null;
  readonly bytesOut: number;
  readonly requestId: string;
  /** What the client's trace goes on by, as W3C has it; null where it sent none. */
  readonly traceParent: string | null;
  readonly caller: string;
  readonly address: string;
  readonly code: string | null;
  readonly rows: number;
  /** Milliseconds. */
  readonly parts: Readonly<Record<string, number>>;
  /** What was asked of the store: filters, sort, size; for requests that were slow. */
  readonly plan: Readonly<Record<string, unknown>> | null;
  /** Tells how the engine went about it; null where it was not asked for rows. */
  readonly explain: (() => Promise<string | null>) | null;
  /** What was thrown, where the fault is ours. */
  readonly error: unknown;
}
