import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { OPERATION_NAMES, type OperationName } from '#domain/analysis/analysis.ts';
import { correlationContract } from './processing/correlation.ts';
import { deduplicateContract } from './processing/deduplicate.ts';
import { forecastContract } from './processing/forecast.ts';
import { groupContract } from './processing/group.ts';
import { joinContract } from './processing/join.ts';
import { outliersContract } from './processing/outliers.ts';
import { pivotContract } from './processing/pivot.ts';
import { quantilesContract } from './processing/quantiles.ts';
import { regressionContract } from './processing/regression.ts';
import { sampleContract } from './processing/sample.ts';
import { summaryContract } from './processing/summary.ts';
import { timeBucketsContract } from './processing/time-buckets.ts';
import { windowContract } from './processing/window.ts';

/** Tests of one operation; `get` gives the processor once it is there. */
type OperationContract = (get: () => Processor) => void;

const CONTRACTS: Readonly<Record<OperationName, OperationContract>> = {
  summary: summaryContract,
  group: groupContract,
  time_buckets: timeBucketsContract,
  pivot: pivotContract,
  window: windowContract,
  correlation: correlationContract,
  quantiles: quantilesContract,
  join: joinContract,
  sample: sampleContract,
  deduplicate: deduplicateContract,
  outliers: outliersContract,
  regression: regressionContract,
  forecast: forecastContract,
};

/**
 * What every processor must do, and each to the same answers. An operation that one leaves to the default processor is
 * named here with it; that it says why is a test of its own.
 */
export function processorContract(name: string, open: () => Promise<Processor>, lacks: readonly OperationName[]): void {
  describe(`the processor ${name}`, () => {
    let processor: Processor;
    const get = () => processor;
    beforeAll(async () => {
      processor = await open();
    });
    afterAll(() => processor.close());

    it('names itself and the version of its library', () => {
      expect(processor.name).toBe(name);
      expect(processor.version).toMatch(/\d/);
    });

    it.for(OPERATION_NAMES)('says whether it does %s, and why where it does not', (operation) => {
      const lack = processor.lackOf(operation);
      expect(lack !== null).toBe(lacks.includes(operation));
      if (lack !== null) expect(lack).toMatch(/^[a-z].{10,}[^.]$/);
    });

    for (const operation of OPERATION_NAMES.filter((one) => !lacks.includes(one))) {
      describe(operation, () => CONTRACTS[operation](get));
    }
  });
}
