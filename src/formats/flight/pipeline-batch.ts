// A batch of a pipeline as one DoPut: a descriptor, the rows, and at the very end the cursor that is true behind them.

import { DataForgeError } from '#domain/errors.ts';
import type { BackfillWindow } from '#domain/pipeline/backfill.ts';
import type { Cursor } from '#domain/pipeline/cursor.ts';
import { DESCRIPTOR_COMMAND, type FlightData, type FlightDescriptor } from './flight-messages.ts';

/** Which batch is put. It is the command of the descriptor, as JSON. */
export interface BatchCommand {
  readonly pipeline: string;
  readonly run: string;
  readonly number: number;
  readonly holder: string;
  readonly caller: string;
  /** Of a backfill; null for ordinary runs. */
  readonly window: BackfillWindow | null;
  /**
   * Of the rows: `arrow` travels as record batches, bytes of any other format as they are, in the bodies of messages
   * without a header. null: there are no rows, and only the cursor moves.
   */
  readonly format: string | null;
}

const TEXTS = ['pipeline', 'run', 'holder', 'caller'];

export function batchDescriptor(command: BatchCommand): Partial<FlightDescriptor> {
  return { type: DESCRIPTOR_COMMAND, cmd: Buffer.from(JSON.stringify(command)) };
}

/**
 * @returns null where something else is put
 * @throws DataForgeError `invalid_parameter`
 */
export function readBatchDescriptor({ type, cmd }: Partial<FlightDescriptor>): BatchCommand | null {
  const command = type === DESCRIPTOR_COMMAND && cmd !== undefined ? objectOf(cmd) : null;
  if (command === null || !Object.hasOwn(command, 'pipeline')) return null;
  const wrong = TEXTS.find((name) => typeof command[name] !== 'string');
  if (wrong !== undefined) throw invalid(`The command of a batch must have "${wrong}" as a text.`);
  if (typeof command.number !== 'number') throw invalid('The command of a batch must have its "number".');
  if (command.format !== null && typeof command.format !== 'string') {
    throw invalid('The command of a batch must have the "format" of its rows, or null where it has none.');
  }
  return { ...command, window: windowOf(command.window ?? null) } as unknown as BatchCommand;
}

/** The last message of a batch. */
export function batchEnd(cursor: Cursor | null): Partial<FlightData> {
  return { appMetadata: Buffer.from(JSON.stringify({ cursor })) };
}

/**
 * @returns null for a message that is not the last
 * @throws DataForgeError `invalid_parameter`
 */
export function readBatchEnd({ appMetadata }: FlightData): { readonly cursor: Cursor | null } | null {
  if (appMetadata === null || appMetadata.byteLength === 0) return null;
  const cursor = objectOf(appMetadata)?.cursor;
  if (typeof cursor === 'object') return { cursor: cursor as Cursor | null };
  throw invalid('The app_metadata behind the rows of a batch is {"cursor": {…}}.');
}

function windowOf(json: unknown): BackfillWindow | null {
  if (json === null) return null;
  const { from, to } = Object(json) as Partial<Record<keyof BackfillWindow, unknown>>;
  if (typeof from === 'string' && typeof to === 'string') return { from, to };
  throw invalid('The "window" of a batch is null or {"from": "…", "to": "…"}.');
}

function objectOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function invalid(message: string): DataForgeError {
  return new DataForgeError('invalid_parameter', message);
}
