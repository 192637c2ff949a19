// A small OData 4 service of well production, to which a month is added every minute: node server.mjs [PORT]
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { compileFilter } from './filter.mjs';
import { productionUntil } from './wells.mjs';

const PORT = 8085;
const MINUTE = 60_000;
const PAGE_ROWS = 500;
const KEY = ['field_code', 'well_code', 'production_period'];
const TYPES = {
  field_code: 'Edm.Int64',
  field_name: 'Edm.String',
  well_code: 'Edm.Int64',
  well_name: 'Edm.String',
  production_period: 'Edm.DateTimeOffset',
  days_on_production: 'Edm.Int16',
  oil_kbd: 'Edm.Double',
  gas_mmcfd: 'Edm.Double',
  liquids_kbd: 'Edm.Double',
  water_kbd: 'Edm.Double',
  data_source: 'Edm.String',
  source_data: 'Edm.String',
  partition: 'Edm.String',
  changed_at: 'Edm.DateTimeOffset',
};

/**
 * Starts the service on this machine alone.
 * @param {{port?: number, every?: number}} options the port, 0 for a free one; milliseconds between two months
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export async function startWellService({ port = PORT, every = MINUTE } = {}) {
  const started = Date.now();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://service');
    const answer = answerTo(url, request.headers, () => productionUntil({ started, every, now: Date.now() }));
    response.writeHead(answer.status, { 'content-type': answer.type, 'odata-version': '4.01' }).end(answer.body);
  });
  await new Promise((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined)),
  );
  const { port: taken } = server.address();
  return {
    url: `http://127.0.0.1:${taken}/odata`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve(undefined));
        server.closeAllConnections();
      }),
  };
}

function answerTo({ pathname, searchParams }, headers, rows) {
  if (pathname === '/odata/$metadata') return { status: 200, type: 'application/xml', body: metadata() };
  if (pathname === '/odata' || pathname === '/odata/') {
    return json(200, {
      '@context': '$metadata',
      value: [{ name: 'WellProduction', kind: 'EntitySet', url: 'WellProduction' }],
    });
  }
  if (pathname !== '/odata/WellProduction')
    return failure(404, 'There is nothing here; the entity set is WellProduction');
  try {
    return json(200, page(rows(), searchParams, headers));
  } catch (error) {
    if (error instanceof SyntaxError) return failure(400, error.message);
    throw error;
  }
}

function page(rows, params, headers) {
  const asked = /maxpagesize=(\d+)/.exec(String(headers.prefer))?.[1];
  const size = Math.max(1, Math.min(PAGE_ROWS, Number(asked ?? PAGE_ROWS)));
  const filter = params.get('$filter');
  const found = sorted(filter === null ? rows : rows.filter(compileFilter(filter, TYPES)), params.get('$orderby'));
  const names =
    params
      .get('$select')
      ?.split(',')
      .map((name) => known(name.trim())) ?? Object.keys(TYPES);
  const start = Number(params.get('$skiptoken') ?? 0);
  const next = new URLSearchParams(params);
  next.set('$skiptoken', String(start + size));
  // Numbers that may lose digits in other hands are texts for those who ask for it.
  const asTexts = /IEEE754Compatible=true/i.test(String(headers.accept));
  const write = (row) => (name) => [name, asTexts && TYPES[name] === 'Edm.Int64' ? String(row[name]) : row[name]];
  return {
    '@context': '$metadata#WellProduction',
    ...(params.get('$count') === 'true' && { '@count': found.length }),
    value: found.slice(start, start + size).map((row) => Object.fromEntries(names.map(write(row)))),
    ...(start + size < found.length && { '@nextLink': `WellProduction?${String(next).replaceAll('+', '%20')}` }),
  };
}

function sorted(rows, orderby) {
  const orders = (orderby ?? KEY.join(',')).split(',').map((item) => {
    const [name = '', direction = 'asc'] = item.trim().split(/\s+/);
    return { name: known(name), sign: direction === 'desc' ? -1 : 1 };
  });
  return rows.toSorted((a, b) => {
    for (const { name, sign } of orders) if (a[name] !== b[name]) return a[name] < b[name] ? -sign : sign;
    return 0;
  });
}

function known(name) {
  if (Object.hasOwn(TYPES, name)) return name;
  throw new SyntaxError(`WellProduction has no property ${name}`);
}

function metadata() {
  const properties = Object.entries(TYPES).map(
    ([name, type]) => `<Property Name="${name}" Type="${type}"${KEY.includes(name) ? ' Nullable="false"' : ''}/>`,
  );
  const key = KEY.map((name) => `<PropertyRef Name="${name}"/>`).join('');
  return (
    '<?xml version="1.0" encoding="utf-8"?>' +
    '<edmx:Edmx Version="4.01" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>' +
    '<Schema Namespace="Example" xmlns="http://docs.oasis-open.org/odata/ns/edm">' +
    `<EntityType Name="Production"><Key>${key}</Key>${properties.join('')}</EntityType>` +
    '<EntityContainer Name="Container"><EntitySet Name="WellProduction" EntityType="Example.Production"/></EntityContainer>' +
    '</Schema></edmx:DataServices></edmx:Edmx>'
  );
}

function json(status, body) {
  return { status, type: 'application/json;odata.metadata=minimal', body: JSON.stringify(body) };
}

function failure(status, message) {
  return json(status, { error: { code: String(status), message } });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startWellService({ port: Number(process.argv[2] ?? PORT) });
  console.log(`Well production at ${url}, one more month every minute`);
}
