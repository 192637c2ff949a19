/** Kinds of message header (Message.fbs). */
const [SCHEMA, DICTIONARY_BATCH, RECORD_BATCH] = [1, 2, 3];

/** Bytes of a vector's element: an offset to a table, a FieldNode or Buffer, a 64-bit number. */
const [OFFSET, STRUCT, LONG] = [4, 16, 8];

const MAX_DEPTH = 64;

/**
 * Checks the flatbuffer of an IPC message before it is decoded: that every list it has lies inside it and that all of
 * them together are no longer than it is. A decoder that believes a wrong length loops until the memory is gone.
 * @throws RangeError where that is not so
 */
export function checkMetadata(metadata: Uint8Array): void {
  const flatbuffer = new Flatbuffer(metadata);
  const message = flatbuffer.root();
  const header = message.table(2);
  if (header === null) throw new RangeError('a message has no header');
  switch (message.byte(1)) {
    case SCHEMA:
      header.vector(2, OFFSET);
      for (const field of header.tables(1)) checkField(field, 0);
      return;
    case DICTIONARY_BATCH:
      checkBatch(header.table(1));
      return;
    case RECORD_BATCH:
      checkBatch(header);
      return;
    default:
      throw new RangeError('a message is of an unknown kind');
  }
}

function checkField(field: Table, depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError('the types of a schema nest too deep');
  field.vector(6, OFFSET);
  for (const child of field.tables(5)) checkField(child, depth + 1);
}

function checkBatch(batch: Table | null): void {
  if (batch === null) throw new RangeError('a message has no record batch');
  batch.vector(1, STRUCT);
  batch.vector(2, STRUCT);
  batch.vector(4, LONG);
}

/** The bytes of a message, every read of which is inside them or throws. */
class Flatbuffer {
  readonly view: DataView;
  #elementsLeft: number;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#elementsLeft = bytes.byteLength;
  }

  root(): Table {
    return new Table(this, this.view.getUint32(0, true));
  }

  /** Counts elements of lists: one list may be named twice, but not so often that it gets long. */
  spend(elements: number): void {
    this.#elementsLeft -= elements;
    if (this.#elementsLeft < 0) throw new RangeError('the lists of a message are longer than it');
  }
}

class Table {
  readonly #flatbuffer: Flatbuffer;
  readonly #at: number;

  constructor(flatbuffer: Flatbuffer, at: number) {
    this.#flatbuffer = flatbuffer;
    this.#at = at;
  }

  byte(slot: number): number {
    const at = this.#field(slot);
    return at === null ? 0 : this.#flatbuffer.view.getUint8(at);
  }

  table(slot: number): Table | null {
    const at = this.#field(slot);
    return at === null ? null : new Table(this.#flatbuffer, at + this.#flatbuffer.view.getUint32(at, true));
  }

  tables(slot: number): Table[] {
    const { start, length } = this.vector(slot, OFFSET);
    const { view } = this.#flatbuffer;
    return Array.from({ length }, (_, index) => {
      const at = start + OFFSET * index;
      return new Table(this.#flatbuffer, at + view.getUint32(at, true));
    });
  }

  /** Where the elements of a list lie. */
  vector(slot: number, elementBytes: number): { readonly start: number; readonly length: number } {
    const at = this.#field(slot);
    if (at === null) return { start: 0, length: 0 };
    const { view } = this.#flatbuffer;
    const head = at + view.getUint32(at, true);
    const length = view.getUint32(head, true);
    if (head + 4 + length * elementBytes > view.byteLength) throw new RangeError('a list goes on behind its message');
    this.#flatbuffer.spend(length);
    return { start: head + 4, length };
  }

  #field(slot: number): number | null {
    const { view } = this.#flatbuffer;
    const vtable = this.#at - view.getInt32(this.#at, true);
    const offset = 4 + 2 * slot;
    if (offset >= view.getUint16(vtable, true)) return null;
    const field = view.getUint16(vtable + offset, true);
    return field === 0 ? null : this.#at + field;
  }
}
