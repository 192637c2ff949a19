import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { cutBatches, type Piece } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { Feed } from './feed.ts';
import { connectFeed } from './feed-connection.ts';
import { FeedRows } from './feed-rows.ts';
import { surveyFeed } from './feed-survey.ts';
import { KeyKeeper, type WebSocketCursor } from './key-keeper.ts';
import { WEBSOCKET_OPTIONS, type WebSocketOptions } from './websocket-options.ts';

/** A feed of messages, followed for as long as a run is to take. */
export const webSocketSource = defineSource({
  kind: 'websocket',
  description: 'A feed of JSON messages over WebSocket',
  options: WEBSOCKET_OPTIONS,
  open: (options, opening) => cutBatches(piecesOf(options, opening), opening),
  survey: surveyFeed,
});

const MOST_BYTES = 1024 * 1024;
/** A connection that stood for so long was one, even if nothing came. */
const STOOD_MS = 10_000;

async function* piecesOf(options: WebSocketOptions, opening: SourceOpening): AsyncGenerator<Piece> {
  const { clock, signal } = opening;
  const keeper = new KeyKeeper(options.resume, opening.cursor as WebSocketCursor | null);
  const until = clock.elapsed() + options.for;
  const feed = new Feed(await connectFeed(options, keeper.since, opening), { clock, signal });
  const since = clock.elapsed();
  try {
    const failure = yield* follow(feed, until, { options, keeper, opening });
    if (failure === null) return;
    yield { kind: 'cut' };
    // A run that gets nowhere gives up at last; one whose connection stood has got on.
    if (clock.elapsed() - since > STOOD_MS) yield moved(keeper);
    throw failure;
  } finally {
    feed.close();
  }
}

interface Following {
  readonly options: WebSocketOptions;
  readonly keeper: KeyKeeper;
  readonly opening: SourceOpening;
}

/** The rows of a connection until the run is to end. @returns what is wrong where it ends before */
async function* follow(
  feed: Feed,
  until: number,
  { options, keeper, opening: { clock, batch } }: Following,
): AsyncGenerator<Piece, DataForgeError | null> {
  const rows = new FeedRows(options, keeper);
  const most = Math.min(batch.bytes, MOST_BYTES);
  const patience = options.silence?.after ?? Number.POSITIVE_INFINITY;
  for (;;) {
    if (clock.elapsed() >= until) feed.stop();
    const messages = await feed.take(Math.min(until, clock.elapsed() + patience), most);
    if (messages !== null) {
      const bytes = await rows.of(messages);
      yield { kind: 'records', format: 'ndjson', header: null, bytes, cursor: keeper.cursor };
      if (rows.failure !== null) return rows.failure;
    } else if (feed.ending !== null) return feed.ending === 'said' ? null : feed.ending;
    else if (clock.elapsed() >= until || options.silence?.means === 'end') return null;
    else return silent(options);
  }
}

function moved({ cursor }: KeyKeeper): Piece {
  return { kind: 'records', format: 'ndjson', header: null, bytes: new Uint8Array(0), cursor };
}

function silent({ silence }: WebSocketOptions): DataForgeError {
  const message = `The server has sent nothing for ${(silence?.after ?? 0) / 1000} s.`;
  return new DataForgeError('source_failed', message, { retryable: true });
}
