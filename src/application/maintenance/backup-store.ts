import type { Call } from '../call.ts';
import { requireRight } from '../caller.ts';
import type { Maintenance } from '../ports/maintenance.ts';

export interface BackupRequest {
  /** A file that does not exist yet; null for a new one where backups are kept. */
  readonly to: string | null;
}

/** Writes a consistent copy of the store while it is in use. */
export function backupStore(maintenance: Maintenance, backupPath: (label: string) => Promise<string>) {
  return async ({ to }: BackupRequest, call: Call): Promise<{ readonly path: string }> => {
    requireRight(call.caller, 'admin');
    const path = to ?? (await backupPath('store'));
    await maintenance.backup(path);
    return { path };
  };
}
