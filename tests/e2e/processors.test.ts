import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROCESSORS } from '#adapters/processing/registry.ts';
import { ENGINES, type EngineName, startServer, type TestServer } from './rest/support/server.ts';
import { SCENARIO_FILES, walkMainScenario } from './support/main-scenario.ts';

const NAMES = Object.keys(PROCESSORS) as (keyof typeof PROCESSORS)[];

/** One question of each kind; the answers must be the same on every engine with every processor. */
const QUESTIONS: readonly { readonly operation: string; readonly parameters: object; readonly filters?: object }[] = [
  { operation: 'summary', parameters: { columns: ['kind', 'at', 'size', 'price', 'list', 'whole'], top: 2, bins: 3 } },
  {
    operation: 'group',
    parameters: {
      by: [{ column: 'kind' }, { column: 'at', bucket: 'month' }],
      measures: ['count', 'sum', 'mean', 'sd', 'min', 'max', 'median', 'distinct'].map((name) => ({
        function: name,
        column: 'size',
      })),
    },
  },
  { operation: 'group', parameters: {}, filters: [{ field: 'size', operator: 'gte', value: 10 }] },
  {
    operation: 'time_buckets',
    parameters: { time: 'at', every: 'week', measures: [{ function: 'mean', column: 'size' }], fill: 'linear' },
  },
  { operation: 'pivot', parameters: { rows: ['kind'], columns: 'flag', measure: { function: 'sum', column: 'size' } } },
  {
    operation: 'window',
    parameters: {
      order_by: 'at',
      by: ['kind'],
      rows: 3,
      measures: [{ function: 'mean', column: 'size' }],
      keep: ['size'],
    },
  },
  { operation: 'correlation', parameters: { columns: ['size', 'price', 'whole'] } },
  { operation: 'quantiles', parameters: { columns: ['size', 'price'] } },
  {
    operation: 'join',
    parameters: {
      with: 'kinds',
      on: [{ left: 'kind', right: 'name' }],
      how: 'left',
      columns: ['whole'],
      other_columns: ['weight'],
    },
  },
  {
    operation: 'deduplicate',
    parameters: { on: ['kind', 'flag'], order_by: 'size', columns: ['kind', 'flag', 'size'] },
  },
  { operation: 'outliers', parameters: { columns: ['size'], method: 'iqr', threshold: 0.2, keep: ['kind'] } },
  { operation: 'sample', parameters: { fraction: 1, columns: ['whole'] } },
  { operation: 'regression', parameters: { y: 'price', x: ['size', 'whole'] } },
  {
    operation: 'forecast',
    parameters: {
      time: 'at',
      every: 'week',
      measure: { function: 'sum', column: 'size' },
      horizon: 2,
      alpha: 0.5,
      beta: 0.5,
    },
  },
];

const FILES = {
  'things.yaml': `
name: things
properties:
  - {name: kind, type: string}
  - {name: at, type: string, db_type: TIMESTAMP}
  - {name: size, type: number}
  - {name: price, type: number, db_type: "DECIMAL(12,2)"}
  - {name: flag, type: boolean}
  - {name: list, type: array}
  - {name: whole, type: integer}
`,
  'kinds.yaml': `
name: kinds
properties:
  - {name: name, type: string}
  - {name: weight, type: integer, db_type: SMALLINT}
`,
};

const THINGS = Array.from({ length: 60 }, (_, index) => ({
  kind: ['ash', 'oak', 'élm', null][index % 4],
  at: index % 13 === 0 ? null : new Date(Date.UTC(2024, 0, 1 + ((index * 37) % 90), index % 24)).toISOString(),
  size: index % 7 === 0 ? null : ((index * 31) % 50) + index / 8,
  price: index % 5 === 0 ? null : Number((((index * 17) % 40) + index / 4).toFixed(2)),
  flag: index % 3 === 0 ? null : index % 2 === 0,
  list: index % 2 === 0 ? [index % 4] : null,
  whole: index,
}));

interface Table {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

async function startWith(engine: EngineName, processor: string, log: (line: string) => void): Promise<TestServer> {
  const env = { API_TOKENS: '', DATA_PROCESSOR_ENGINE: processor, PROTOCOLS: 'rest', LOG_LEVEL: 'trace' };
  const server = await startServer(engine, { files: { ...FILES, ...SCENARIO_FILES }, env, log });
  await server.post('/records/bulk', { schema_name: 'things', data: THINGS });
  const kinds = [
    { name: 'ash', weight: 1 },
    { name: 'oak', weight: 2 },
  ];
  await server.post('/records/bulk', { schema_name: 'kinds', data: kinds });
  return server;
}

const answers = new Map<string, Table[]>();

describe.each(ENGINES.flatMap((engine) => NAMES.map((processor) => ({ engine, processor }))))(
  'the server on $engine with $processor',
  ({ engine, processor }) => {
    let server: TestServer;
    const logged: string[] = [];
    beforeAll(async () => {
      server = await startWith(engine, processor, (line) => logged.push(line));
    });
    afterAll(() => server.close());

    test('says so in health, in figures and in the log', async () => {
      expect((await server.get('//health/ready')).json).toMatchObject({ engine, processor });
      expect((await server.get('//metrics')).text).toContain(
        `data_forge_info{engine="${engine}",processor="${processor}"} 1`,
      );
      const lines = logged.map((line) => JSON.parse(line));
      expect(lines).toContainEqual(expect.objectContaining({ msg: 'adapters', engine, processor }));
      expect(lines.findLast(({ msg }) => msg === 'request')).toMatchObject({ storage: engine });
    });

    test('loads, answers, changes and analyses as every other does', async () => {
      logged.length = 0;
      await walkMainScenario(server.url);
      const computed = logged.map((line) => JSON.parse(line)).filter(({ useCase }) => useCase === 'compute-analysis');
      expect(computed.map((run) => run.processor)).toEqual([processor]);
    });

    test('answers every operation, and says who computed what it lacks', async () => {
      const tables: Table[] = [];
      for (const question of QUESTIONS) {
        const { status, json, text } = await server.post('/analysis', { dataset_id: 'things', ...question });
        expect(status, text).toBe(200);
        const isLack = processor !== 'duckdb' && ['sample', 'regression', 'forecast'].includes(question.operation);
        expect(json.processor, question.operation).toBe(isLack ? 'duckdb' : processor);
        if (isLack) expect(json.note).toMatch(new RegExp(`^Computed by duckdb: ${processor} has no `));
        else expect(json.note).toBeNull();
        // A sample stands in the order of hashes of ids, and those are each store's own.
        const rows =
          question.operation === 'sample' ? json.rows.sort(([a]: [number], [b]: [number]) => a - b) : json.rows;
        tables.push({ columns: json.columns, rows });
      }
      answers.set(`${engine}/${processor}`, tables);
      const { text } = await server.get('//metrics');
      expect(text).toMatch(
        new RegExp(`data_forge_computations_total\\{processor="${processor}",outcome="ok"\\} 1\\d?\\b`),
      );
    });

    test('goes on after an analysis that was cancelled', async () => {
      const { json } = await server.post('/analysis', {
        dataset_id: 'things',
        operation: 'quantiles',
        parameters: { probabilities: [0.5] },
        wait_ms: 0,
      });
      await server.call('DELETE', `/analysis/${json.id}`);
      const again = await server.post('/analysis', { dataset_id: 'things', operation: 'quantiles' });
      expect(again.status).toBe(200);
    });
  },
);

test('all of them give the same answers', () => {
  const [[first, expected = []] = []] = answers;
  expect(answers.size).toBe(ENGINES.length * NAMES.length);
  for (const [name, tables] of answers) {
    tables.forEach((table, index) => {
      const about = `${name} and ${first}, ${QUESTIONS[index]?.operation}`;
      expect(table.columns, about).toEqual(expected[index]?.columns);
      expectSame(table.rows, expected[index]?.rows, about);
    });
  }
});

/** Numbers may differ in their last digits; ids are each store's own. */
function expectSame(actual: unknown, expected: unknown, about: string): void {
  if (typeof actual === 'number' && typeof expected === 'number') {
    expect(Math.abs(actual - expected), `${about}: ${actual} and ${expected}`).toBeLessThanOrEqual(
      1e-9 * Math.max(1, Math.abs(expected)),
    );
  } else if (Array.isArray(actual) && Array.isArray(expected)) {
    expect(actual.length, about).toBe(expected.length);
    actual.forEach((item, index) => {
      expectSame(item, expected[index], `${about}/${index}`);
    });
  } else if (typeof actual === 'object' && actual !== null) {
    expectSame(Object.entries(actual), Object.entries(expected as object), about);
  } else if (!/^[\da-f]{8}-[\da-f]{4}-7/.test(String(actual))) {
    expect(actual, about).toEqual(expected);
  }
}
