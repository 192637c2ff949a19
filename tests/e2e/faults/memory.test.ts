import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FaultWorld, lines } from '../../support/fault-world.ts';

describe('more than the engine has memory for', () => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await FaultWorld.make({ ENGINE_MEMORY: '100MB' });
    await world.start();
  });
  afterAll(() => world.dispose());

  test('an upload whose index does not fit is a 507, nothing is stored, and the server is well', {
    timeout: 120_000,
  }, async () => {
    expect((await world.create('keyed', { k: 'before', n: 1 })).status).toBe(201);
    const body = lines(1_200_000, (n) => `{"k":"${(n * 7919) % 1_200_007}-a-key-of-some-length-${n}","n":${n}}`);
    const { status, json } = await world.upload('keyed', body);
    expect([status, json.code]).toEqual([507, 'resources_exhausted']);
    expect(json.detail).toMatch(/memory/);
    expect(await world.count('keyed')).toBe(1);
    expect(await world.spooled()).toEqual([]);
    expect(await world.isWell()).toBe(true);
    expect((await world.create('keyed', { k: 'after', n: 2 })).status).toBe(201);
    expect((await world.create('keyed', { k: 'before', n: 2 })).status).toBe(409);
    expect(
      (
        await world.upload(
          'keyed',
          lines(3000, (n) => `{"k":"small ${n}","n":${n}}`),
        )
      ).status,
    ).toBe(201);
    await world.restart();
    expect(await world.count('keyed')).toBe(3002);
    expect(await world.isWell()).toBe(true);
  });
});
