import { serveMessages } from '#adapters/processing/worker/serve-messages.ts';
import { DataForgeError } from '#domain/errors.ts';

/** What the thread of a test is told to do. */
export type Order = 'echo' | 'hang' | 'eat' | 'refuse' | 'fail' | 'leave';

const eaten: number[][] = [];

serveMessages<{ readonly order: Order; readonly value?: unknown }>(({ order, value }) => {
  switch (order) {
    case 'hang':
      for (;;);
    case 'eat':
      for (;;) eaten.push(Array.from({ length: 100_000 }, (_, index) => index + eaten.length));
    case 'refuse':
      throw new DataForgeError('invalid_value', 'Not with these rows.');
    case 'fail':
      throw new RangeError('a fault of ours');
    case 'leave':
      return process.exit(1);
    default:
      return { value };
  }
});
