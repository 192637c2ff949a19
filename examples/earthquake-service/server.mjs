// A small REST service of a week of earthquakes, of which one more is reported every ten seconds: node server.mjs [PORT]
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const PORT = 8086;
const EVERY = 10_000;
const PAGE_ROWS = 200;
/** Earthquakes that are known from the beginning. */
const FIRST = 1000;
/** The week is that of vega-datasets, from the U.S. Geological Survey. */
const FILE = new URL('../data/earthquakes.json', import.meta.resolve('vega-datasets'));
const EARTHQUAKES = JSON.parse(readFileSync(FILE, 'utf8'))
  .features.map(earthquakeOf)
  .toSorted((a, b) => (a.updated < b.updated ? -1 : 1));

/**
 * Starts the service on this machine alone.
 * @param {{port?: number, every?: number}} options the port, 0 for a free one; milliseconds between two earthquakes
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export async function startEarthquakeService({ port = PORT, every = EVERY } = {}) {
  const started = Date.now();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://service');
    const known = FIRST + Math.floor((Date.now() - started) / every);
    const { status, headers, body } = answerTo(url, request.headers, EARTHQUAKES.slice(0, known));
    response.writeHead(status, headers).end(body);
  });
  await new Promise((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined)),
  );
  const { port: taken } = server.address();
  return {
    url: `http://127.0.0.1:${taken}/earthquakes`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve(undefined));
        server.closeAllConnections();
      }),
  };
}

function earthquakeOf({ id, properties, geometry }) {
  const { mag, place, time, updated, type, status } = properties;
  const [longitude, latitude, depth] = geometry.coordinates;
  const moment = (milliseconds) => new Date(milliseconds).toISOString();
  return {
    id,
    time: moment(time),
    updated: moment(updated),
    magnitude: mag,
    place,
    longitude,
    latitude,
    depth_km: depth,
    type,
    status,
  };
}

function answerTo({ pathname, searchParams }, headers, earthquakes) {
  if (pathname !== '/earthquakes')
    return json(404, { error: 'There is nothing here; the earthquakes are at /earthquakes' });
  const since = searchParams.get('updated_since') ?? '';
  const until = searchParams.get('updated_until');
  const found = earthquakes.filter(({ updated }) => updated >= since && (until === null || updated < until));
  const limit = Math.max(1, Math.min(PAGE_ROWS, Number(searchParams.get('limit') ?? PAGE_ROWS) || PAGE_ROWS));
  const offset = Math.max(0, Number(searchParams.get('offset') ?? 0) || 0);
  const data = found.slice(offset, offset + limit);
  const next = new URLSearchParams(searchParams);
  next.set('offset', String(offset + limit));
  const isLast = offset + limit >= found.length;
  const answer = json(200, { data, total: found.length, links: { next: isLast ? null : `${pathname}?${next}` } });
  const etag = `"${createHash('sha256').update(answer.body).digest('base64url').slice(0, 16)}"`;
  const newest = data.at(-1)?.updated;
  const validators = { etag, ...(newest && { 'last-modified': new Date(newest).toUTCString() }) };
  const isKnown = (headers['if-none-match'] ?? '').split(/\s*,\s*/).includes(etag);
  if (isKnown) return { status: 304, headers: validators, body: '' };
  return { ...answer, headers: { ...answer.headers, ...validators } };
}

function json(status, content) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startEarthquakeService({ port: Number(process.argv[2] ?? PORT) });
  console.log(`Earthquakes at ${url}, one more every ten seconds`);
}
