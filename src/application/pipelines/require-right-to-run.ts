import { type Caller, requireRight } from '../caller.ts';

/**
 * Whoever may write may begin, hold and end what stores rows; jobs work on the store as a whole, and are for those who
 * administer it.
 * @throws DataForgeError `forbidden`
 */
export function requireRightToRun(caller: Caller, { isJob }: { readonly isJob: boolean }): void {
  requireRight(caller, isJob ? 'admin' : 'write');
}
