import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, doubles } from '#tests/support/analysis-table.ts';
import { ANSCOMBE } from './anscombe.ts';
import { expectClose } from './support.ts';

export function correlationContract(get: () => Processor): void {
  it("gives Anscombe's four samples their correlations, both ways round", async () => {
    for (const [index, { x, y, correlation }] of ANSCOMBE.entries()) {
      const table = doubles({ x, y });
      const rows = await compute(get(), { operation: 'correlation', parameters: {}, table });
      expect(rows.map(({ column }) => column)).toEqual(['x', 'y']);
      expectClose(rows[0]?.y, correlation, 1e-13, `sample ${index + 1}`);
      expect(rows[1]?.x).toBe(rows[0]?.y);
      expect([rows[0]?.x, rows[1]?.y]).toEqual([1, 1]);
    }
  });

  it('takes for each pair the rows where both have a value', async () => {
    const table = doubles({ a: [1, 2, 3, null, 4], b: [2, 4, 6, 100, null], c: [5, 5, 5, 5, 5] });
    const rows = await compute(get(), { operation: 'correlation', parameters: { columns: ['a', 'b', 'c'] }, table });
    expectClose(rows[0]?.b, 1, 1e-14, 'a and b');
    expect([rows[0]?.c, rows[1]?.c, rows[2]?.c]).toEqual([null, null, null]);
  });

  it('says nothing of no rows', async () => {
    const rows = await compute(get(), { operation: 'correlation', parameters: {}, table: doubles({ a: [], b: [] }) });
    expect(rows).toEqual([
      { column: 'a', a: null, b: null },
      { column: 'b', a: null, b: null },
    ]);
  });
}
