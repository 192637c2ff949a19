import { setTimeout as wait } from 'node:timers/promises';

/** Asks until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, milliseconds = 10_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it did not come to hold in time');
    await wait(20);
  }
}
