import { type Caller, SYSTEM_CALLER } from './caller.ts';
import { Observation } from './observe.ts';

/** What comes with every request to a use case, besides the request. */
export interface Call {
  readonly caller: Caller;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  readonly observation: Observation;
}

/** A signal that never fires, for work that is over too soon to be given up. */
export const NEVER: AbortSignal = new AbortController().signal;

/** A call by the platform itself. */
export function systemCall(signal: AbortSignal = NEVER): Call {
  return { caller: SYSTEM_CALLER, signal, observation: new Observation() };
}
