import type { Call } from '../call.ts';
import type { Maintenance, StoreHealth } from '../ports/maintenance.ts';
import type { Processor } from '../ports/processor.ts';

export interface Health extends StoreHealth {
  /** The processor that was chosen, and the version of its library. */
  readonly processor: string;
  readonly processorVersion: string;
}

/** How the store is; anybody may ask. */
export function checkHealth(maintenance: Maintenance, { name, version }: Processor) {
  return async (_request: Record<never, never>, _call: Call): Promise<Health> => {
    return { ...(await maintenance.health()), processor: name, processorVersion: version };
  };
}
