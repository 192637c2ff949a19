import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { UseCaseRun } from '#domain/run/use-case-run.ts';
import { Metrics } from './metrics.ts';
import { SECONDS } from './tallies.ts';

const REQUEST = { protocol: 'rest', method: 'GET', route: '/a', status: 200, duration: 4, dataset: null, bytesOut: 10 };
const RUN = {
  useCase: 'compute-analysis',
  outcome: 'ok',
  duration: 20,
  dataset: 'wells',
  processor: 'duckdb',
  rows: 3,
  parts: { parse: 0, queue: 1, engine: 15, render: 0 },
};

async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith(`data_forge_${name}`));
}

describe('what is counted', () => {
  test('requests by how they ended, their times and bytes by what they were', async () => {
    const metrics = new Metrics();
    for (const status of [200, 200, 404]) metrics.answered({ ...REQUEST, status } as AnsweredRequest);
    metrics.answered({ ...REQUEST, method: 'PUT', dataset: 'a "b"\\c' } as AnsweredRequest);
    const about = 'protocol="rest",method="GET",route="/a"';
    expect(await linesOf(metrics, 'requests_total')).toEqual([
      `data_forge_requests_total{${about},status="200",dataset=""} 2`,
      `data_forge_requests_total{${about},status="404",dataset=""} 1`,
      'data_forge_requests_total{protocol="rest",method="PUT",route="/a",status="200",dataset="a \\"b\\"\\\\c"} 1',
    ]);
    expect(await linesOf(metrics, 'request_seconds_count')).toHaveLength(2);
    expect(await linesOf(metrics, 'request_seconds_count')).toContain(
      `data_forge_request_seconds_count{${about},dataset=""} 3`,
    );
    expect(await linesOf(metrics, 'response_bytes_total')).toContain(
      'data_forge_response_bytes_total{protocol="rest",route="/a",dataset=""} 30',
    );
  });

  test('asking twice counts nothing twice', async () => {
    const metrics = new Metrics();
    metrics.ran(RUN as UseCaseRun);
    await metrics.text();
    expect(await linesOf(metrics, 'use_case_part_seconds_total')).toEqual([
      'data_forge_use_case_part_seconds_total{use_case="compute-analysis",part="queue"} 0.001',
      'data_forge_use_case_part_seconds_total{use_case="compute-analysis",part="engine"} 0.015',
    ]);
    expect(await linesOf(metrics, 'rows_total')).toEqual([
      'data_forge_rows_total{use_case="compute-analysis",dataset="wells"} 3',
    ]);
    expect(await linesOf(metrics, 'computations_total')).toEqual([
      'data_forge_computations_total{processor="duckdb",outcome="ok"} 1',
    ]);
  });

  test('times are told as a histogram of the library would tell them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.double({ min: 0, max: 200, noNaN: true }), fc.constantFrom(...SECONDS)), { minLength: 1 }),
        async (times) => {
          const metrics = new Metrics();
          const registry = new Registry();
          const name = 'data_forge_use_case_seconds';
          const labelNames = ['use_case', 'outcome'];
          const like = new Histogram({
            name,
            help: 'Time of use cases',
            labelNames,
            buckets: [...SECONDS],
            registers: [registry],
          });
          times.forEach((seconds, index) => {
            const dataset = `dataset ${index % 3}`;
            metrics.ran({ ...RUN, dataset, duration: seconds * 1000 } as UseCaseRun);
            like.observe({ use_case: RUN.useCase, outcome: 'ok' }, (seconds * 1000) / 1000);
          });
          const without = (lines: readonly string[]) => lines.filter((line) => !line.includes('_sum{'));
          const expected = (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));
          expect(without(await linesOf(metrics, 'use_case_seconds'))).toEqual(without(expected));
          const sum = (lines: readonly string[]) =>
            Number(
              lines
                .find((line) => line.includes('_sum{'))
                ?.split(' ')
                .at(-1),
            );
          expect(sum(await linesOf(metrics, 'use_case_seconds'))).toBeCloseTo(sum(expected), 6);
        },
      ),
      { numRuns: 50 },
    );
  });
});
