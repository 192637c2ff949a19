import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { DataForgeError } from '#domain/errors.ts';

/** How one field of a message is written (https://protobuf.dev/programming-guides/encoding/). */
interface Field<T> {
  readonly number: number;
  readonly absent: T;
  readonly read: (reader: BinaryReader, type: WireType, before: T) => T;
  /** Writes nothing for a value that is absent. */
  readonly write: (writer: BinaryWriter, number: number, value: T) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: a field is read and written by its own functions alone
type Fields = Readonly<Record<string, Field<any>>>;
export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A message as a table of its fields: only those that are used here; others are passed over. */
export interface MessageCodec<M> {
  encode(message: Partial<M>): Buffer;
  /** @throws DataForgeError `invalid_body` */
  decode(bytes: Uint8Array): M;
}

export type MessageOf<C> = C extends MessageCodec<infer M> ? M : never;

export function message<F extends Fields>(fields: F): MessageCodec<ValuesOf<F>> {
  const entries = Object.entries(fields);
  const byNumber = new Map(entries.map(([name, field]) => [field.number, { name, field }]));
  return {
    encode(values) {
      const writer = new BinaryWriter();
      for (const [name, field] of entries) {
        const value = (values as Readonly<Record<string, unknown>>)[name];
        if (value !== undefined) field.write(writer, field.number, value);
      }
      const bytes = writer.finish();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode(bytes) {
      const values: Record<string, unknown> = Object.fromEntries(entries.map(([name, { absent }]) => [name, absent]));
      try {
        const reader = new BinaryReader(bytes);
        while (reader.pos < reader.len) {
          const [number, type] = reader.tag();
          const known = byNumber.get(number);
          if (known === undefined) reader.skip(type, number);
          else values[known.name] = known.field.read(reader, type, values[known.name]);
        }
      } catch (error) {
        if (error instanceof DataForgeError) throw error;
        throw new DataForgeError('invalid_body', 'The message is no protobuf of the type this method takes.', {
          cause: error,
        });
      }
      return values as ValuesOf<F>;
    },
  };
}

const { Varint, LengthDelimited } = WireType;

function scalar<T>(
  wire: WireType,
  absent: T,
  read: (reader: BinaryReader) => T,
  write: (writer: BinaryWriter, value: NonNullable<T>) => unknown,
) {
  return (number: number): Field<T> => ({
    number,
    absent,
    read: (reader) => read(reader),
    write(writer, at, value) {
      if (value === null || value === undefined) return;
      write(writer.tag(at, wire), value);
    },
  });
}

export const text = scalar<string>(
  LengthDelimited,
  '',
  (reader) => reader.string(),
  (writer, value) => writer.string(value),
);
export const optionalText = scalar<string | null>(
  LengthDelimited,
  null,
  (reader) => reader.string(),
  (writer, value) => writer.string(value),
);
export const bytes = scalar<Uint8Array>(
  LengthDelimited,
  new Uint8Array(0),
  (reader) => reader.bytes(),
  (writer, value) => writer.bytes(value),
);
export const optionalBytes = scalar<Uint8Array | null>(
  LengthDelimited,
  null,
  (reader) => reader.bytes(),
  (writer, value) => writer.bytes(value),
);
export const boolean = scalar<boolean>(
  Varint,
  false,
  (reader) => reader.bool(),
  (writer, value) => writer.bool(value),
);
export const int32 = scalar<number>(
  Varint,
  0,
  (reader) => reader.int32(),
  (writer, value) => writer.int32(value),
);
export const optionalInt32 = scalar<number | null>(
  Varint,
  null,
  (reader) => reader.int32(),
  (writer, value) => writer.int32(value),
);
export const int64 = scalar<bigint>(
  Varint,
  0n,
  (reader) => BigInt(reader.int64()),
  (writer, value) => writer.int64(value),
);

/** A message within a message; null where it is absent. */
export function nested<M>(number: number, codec: MessageCodec<M>): Field<Partial<M> | null> {
  return scalar<Partial<M> | null>(
    LengthDelimited,
    null,
    (reader) => codec.decode(reader.bytes()),
    (writer, value) => writer.bytes(codec.encode(value as Partial<M>)),
  )(number);
}

export function repeated<M>(number: number, codec: MessageCodec<M>): Field<readonly Partial<M>[]> {
  return {
    number,
    absent: [],
    read: (reader, _type, before) => [...before, codec.decode(reader.bytes())],
    write(writer, at, values) {
      for (const value of values) writer.tag(at, LengthDelimited).bytes(codec.encode(value));
    },
  };
}

export function repeatedText(number: number): Field<readonly string[]> {
  return {
    number,
    absent: [],
    read: (reader, _type, before) => [...before, reader.string()],
    write(writer, at, values) {
      for (const value of values) writer.tag(at, LengthDelimited).string(value);
    },
  };
}

/** Whole numbers, packed or one by one. */
export function repeatedInt32(number: number): Field<readonly number[]> {
  return {
    number,
    absent: [],
    read(reader, type, before) {
      if (type !== LengthDelimited) return [...before, reader.int32()];
      const values = [...before];
      for (const end = reader.uint32() + reader.pos; reader.pos < end; ) values.push(reader.int32());
      return values;
    },
    write(writer, at, values) {
      for (const value of values) writer.tag(at, Varint).int32(value);
    },
  };
}
