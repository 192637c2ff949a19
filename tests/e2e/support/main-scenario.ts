import { expect } from 'vitest';

/** The datasets that the scenario is about, as files. */
export const SCENARIO_FILES: Readonly<Record<string, string>> = {
  'trees.yaml': `
name: trees
primary_key: [number]
properties:
  - {name: number, type: integer, db_type: INTEGER}
  - {name: kind, type: string, required: true}
  - {name: height, type: number, db_type: "DECIMAL(9,2)", minimum: 0}
  - {name: planted, type: string, db_type: TIMESTAMP}
`,
};

/**
 * What anybody does with Data Forge, over HTTP: loads a body, looks at it, changes it, hears of the changes, has it
 * analysed, and takes it away again.
 * @param url where the server answers
 */
export async function walkMainScenario(url: string): Promise<void> {
  const call = async (method: string, path: string, body?: unknown, type = 'application/json') => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const init = body === undefined ? { method } : { method, body: text, headers: { 'content-type': type } };
    const response = await fetch(`${url}/api/v1${path}`, init);
    const answer = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && !path.includes('/stream');
    return { status: response.status, body: isJson && answer !== '' ? JSON.parse(answer) : answer };
  };
  const filtered = (filter: object) => `filters=${encodeURIComponent(JSON.stringify([filter]))}`;

  const lines = Array.from({ length: 60 }, (_, number) =>
    JSON.stringify({
      number,
      kind: ['ash', 'oak', 'élm'][number % 3],
      height: number % 5 === 0 ? null : number / 4,
      planted: `19${60 + (number % 30)}-03-01T00:00:00.000001Z`,
    }),
  );
  const upload = await call('POST', '/records/trees/bulk', lines.join('\n'), 'application/x-ndjson');
  expect(upload).toMatchObject({ status: 201, body: { records_created: 60, records_rejected: 0 } });
  const again = await call('POST', '/records/trees/bulk', lines.slice(0, 2).join('\n'), 'application/x-ndjson');
  expect(again).toMatchObject({ status: 409, body: { code: 'key_exists' } });

  const oaks = filtered({ field: 'kind', operator: 'ilike', value: 'OA_' });
  const sort = encodeURIComponent('[{"field":"height","order":"desc"},{"field":"number"}]');
  const page = await call('GET', `/records/trees?${oaks}&sort=${sort}&size=3`);
  expect(page.body.data).toMatchObject({ total: 20, items: [{ data: { number: 58, height: 14.5 } }, {}, {}] });
  const stream = await call('GET', `/records/trees/stream?${oaks}`);
  expect(stream.body.trim().split('\n')).toHaveLength(20);
  const one = await call('GET', '/records/trees/by-key?number=1');
  expect(one.body.data.planted).toBe('1961-03-01T00:00:00.000001Z');

  const head = (await call('GET', '/records/trees/changes?limit=1000')).body.next;
  const path = `/records/trees/${one.body.id}`;
  expect(await call('PATCH', path, { data: { height: 0.3 } })).toMatchObject({ status: 200, body: { version: 2 } });
  expect((await call('PATCH', path, { data: { height: -1 } })).status).toBe(400);
  const low = filtered({ field: 'number', operator: 'lt', value: 1 });
  expect(await call('DELETE', `/records/trees?${low}`)).toMatchObject({ status: 200, body: { records_deleted: 1 } });
  const { body: feed } = await call('GET', `/records/trees/changes?since=${head}`);
  expect(feed.changes).toMatchObject([
    { op: 'update', id: one.body.id, version: 2, data: { height: 0.3 } },
    { op: 'delete', version: 2, data: null },
  ]);
  expect((await call('GET', '/records/trees/count')).body.count).toBe(59);

  const parameters = {
    by: [{ column: 'kind' }],
    measures: [{ function: 'count' }, { function: 'max', column: 'height' }],
  };
  const analysis = await call('POST', '/analysis', { dataset_id: 'trees', operation: 'group', parameters });
  expect(analysis.status, JSON.stringify(analysis.body)).toBe(200);
  expect(analysis.body.rows.map(([kind, count]: unknown[]) => [kind, count])).toEqual([
    ['ash', 19],
    ['oak', 20],
    ['élm', 20],
  ]);
  expect(await call('DELETE', '/records/trees?all=true')).toMatchObject({ body: { records_deleted: 59 } });
}
