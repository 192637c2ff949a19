import type { Call } from '../call.ts';
import type { Maintenance, StoreHealth } from '../ports/maintenance.ts';

/** How the store is; anybody may ask. */
export function checkHealth(maintenance: Maintenance) {
  return (_request: Record<never, never>, _call: Call): Promise<StoreHealth> => maintenance.health();
}
