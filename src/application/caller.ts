import { DataForgeError } from '#domain/errors.ts';

/** Each right holds those before it. */
export const RIGHTS = ['read', 'write', 'admin'] as const;
export type Right = (typeof RIGHTS)[number];

/** Who asks. */
export interface Caller {
  readonly name: string;
  readonly right: Right;
}

/** The platform itself, for work that nobody asked for: start-up, example data. */
export const SYSTEM_CALLER: Caller = { name: 'system', right: 'admin' };

/** @throws DataForgeError `forbidden` */
export function requireRight(caller: Caller, right: Right): void {
  if (RIGHTS.indexOf(caller.right) >= RIGHTS.indexOf(right)) return;
  throw new DataForgeError(
    'forbidden',
    `This needs the right "${right}", and "${caller.name}" has "${caller.right}"; use a token with that right.`,
  );
}
