import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ArrowMessage } from '../arrow/arrow-encoder.ts';

/**
 * An Arrow message as FlightData (fields 2 and 1000), in pieces. It is written once, into the very buffer that goes
 * out: a transport asks for `byteLength` and then for `copy` into a place of its own, as it does of a Buffer.
 */
export class OutgoingFlightData {
  readonly byteLength: number;
  readonly #pieces: readonly Uint8Array[];

  constructor({ header, body, bodyLength }: ArrowMessage) {
    const writer = new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(header);
    const start = writer.tag(1000, WireType.LengthDelimited).uint32(bodyLength).finish();
    this.#pieces = [start, ...body];
    this.byteLength = start.byteLength + bodyLength;
  }

  copy(target: Uint8Array, at: number): number {
    let end = at;
    for (const piece of this.#pieces) {
      target.set(piece, end);
      end += piece.byteLength;
    }
    return end - at;
  }
}

/** A message as it stands in an IPC stream: prefix, flatbuffer, padding. The body follows it there. */
export function frameHeader(header: Uint8Array): Buffer {
  const size = (header.byteLength + 7) & ~7;
  const framed = Buffer.alloc(8 + size);
  framed.writeInt32LE(-1, 0);
  framed.writeInt32LE(size, 4);
  framed.set(header, 8);
  return framed;
}
