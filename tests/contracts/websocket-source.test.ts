import { webSocketSource } from '#adapters/sources/websocket/websocket-source.ts';
import { type FeedClient, FeedServer } from '../support/feed-server.ts';
import { type SourceFixture, sourceContract } from './source.ts';

const SILENCE = { silence: { after: '400ms', means: 'end' } };
const row = (id: number) => ({ id, name: `the "name" of row ${id}` });

/** A feed that tells all rows behind a key, and can be made to break off. */
function feed(options: object, send: (client: FeedClient, ids: readonly number[]) => void) {
  return async (): Promise<SourceFixture> => {
    let known: readonly number[] = [];
    let breaks = false;
    const server = await FeedServer.start((client) => {
      const since = Number(client.said.since ?? client.url.searchParams.get('since') ?? 0);
      const ids = known.filter((id) => id > since);
      if (!breaks) return send(client, ids);
      breaks = false;
      send(client, ids.slice(0, ids.length / 2));
      setTimeout(() => client.socket.terminate(), 50);
    });
    return {
      options: { url: server.url, ...SILENCE, ...options },
      async fill(ids) {
        known = ids;
      },
      async failOnce() {
        breaks = true;
      },
      close: () => server.close(),
    };
  };
}

sourceContract('websocket: a row a message, the key in what is sent', {
  source: webSocketSource,
  open: feed({ send: '{"since": {since}}', resume: { key: 'id' } }, ({ say }, ids) => {
    for (const id of ids) say(JSON.stringify(row(id), null, 1));
  }),
});

sourceContract('websocket: lists of rows among other messages, the key in the address, rows that come again', {
  source: webSocketSource,
  open: async () => {
    const fixture = await feed(
      {
        send: ['{}'],
        only: { path: 'type', is: 'rows' },
        records: 'data.rows',
        resume: { key: 'id', of: 'row', order: 'any' },
      },
      ({ say }, ids) => {
        say({ type: 'hello' });
        for (let at = 0; at < ids.length; at += 20) {
          const rows = ids.slice(at, at + 20).map(row);
          say({ type: 'rows', data: { rows } });
          say({ type: 'rows', data: { rows: rows.slice(3) } });
        }
      },
    )();
    return { ...fixture, options: { ...fixture.options, url: `${fixture.options.url}?since={since}` } };
  },
});
