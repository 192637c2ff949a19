import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Processor } from '#application/ports/processor.ts';
import { compute, doubles } from '#tests/support/analysis-table.ts';

/** The places of the rows of a table in order of their MD5: such rows are known by their place alone. */
function placesByHash(rows: number, seed: number): number[] {
  const hash = (place: number) => createHash('md5').update(`${seed}:${place}`).digest('hex');
  return Array.from({ length: rows }, (_, place) => place).sort((a, b) => (hash(a) < hash(b) ? -1 : 1));
}

export function sampleContract(get: () => Processor): void {
  const table = doubles({ v: Array.from({ length: 2000 }, (_, index) => index) });
  const chosen = async (parameters: Readonly<Record<string, unknown>>) => {
    const rows = await compute(get(), { operation: 'sample', parameters, table });
    return rows.map(({ v }) => Number(v));
  };

  it('takes those with the least hash, the same ones for the same seed', async () => {
    expect(await chosen({ rows: 20, seed: 7 })).toEqual(placesByHash(2000, 7).slice(0, 20));
    expect(await chosen({ rows: 20, seed: 8 })).toEqual(placesByHash(2000, 8).slice(0, 20));
  });

  it('takes about the part that is asked for, and all or none at the ends', async () => {
    expect((await chosen({ fraction: 0.25 })).length).toBeGreaterThan(430);
    expect((await chosen({ fraction: 0.25 })).length).toBeLessThan(570);
    expect(await chosen({ fraction: 1 })).toHaveLength(2000);
    expect(await chosen({ fraction: 0 })).toEqual([]);
    expect(await chosen({ rows: 5000 })).toHaveLength(2000);
  });

  it('refuses both ways at once, and neither', async () => {
    await expect(chosen({})).rejects.toMatchObject({ code: 'invalid_parameter' });
    await expect(chosen({ rows: 1, fraction: 0.5 })).rejects.toThrow('Give either rows or fraction.');
  });
}
