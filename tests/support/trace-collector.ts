import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A span as it came over the wire. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for one that begins a trace. */
  readonly parentId: string;
  readonly name: string;
  /** Nanoseconds since 1970. */
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly failed: boolean;
  /** What the sender calls itself. */
  readonly service: string;
}

type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint)[]>;

/** Takes traces by OTLP over HTTP in protobuf (https://opentelemetry.io/docs/specs/otlp/), as a collector does. */
export class TraceCollector {
  readonly spans: ReceivedSpan[] = [];
  /** The headers of each request. */
  readonly requests: Readonly<Record<string, unknown>>[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await buffer(request);
      const isTraces = request.method === 'POST' && request.url === '/v1/traces';
      if (isTraces) {
        this.requests.push(request.headers);
        this.spans.push(...spansOf(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
      }
      response.writeHead(isTraces ? 200 : 404, { 'content-type': 'application/x-protobuf' }).end();
    });
  }

  static async start(): Promise<TraceCollector> {
    const collector = new TraceCollector();
    collector.#server.listen(0, '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  named(name: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  childrenOf({ spanId }: ReceivedSpan): ReceivedSpan[] {
    return this.spans.filter(({ parentId }) => parentId === spanId);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** ExportTraceServiceRequest → ResourceSpans → ScopeSpans → Span. */
function spansOf(body: Uint8Array): ReceivedSpan[] {
  return messages(body, 1).flatMap((resourceSpans) => {
    const [resource] = messages(resourceSpans, 1);
    const service = String(resource === undefined ? '' : attributesOf(resource, 1)['service.name']);
    return messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2).map((span) => spanOf(span, service)));
  });
}

function spanOf(bytes: Uint8Array, service: string): ReceivedSpan {
  const fields = fieldsOf(bytes);
  const [status] = messages(bytes, 15);
  return {
    traceId: hex(fields, 1),
    spanId: hex(fields, 2),
    parentId: hex(fields, 4),
    name: text(fields, 5),
    startedAt: (fields.get(7)?.[0] ?? 0n) as bigint,
    endedAt: (fields.get(8)?.[0] ?? 0n) as bigint,
    facts: attributesOf(bytes, 9),
    failed: status !== undefined && fieldsOf(status).get(3)?.[0] === 2n,
    service,
  };
}

/** KeyValue → AnyValue. */
function attributesOf(bytes: Uint8Array, number: number): Record<string, string | number | boolean> {
  return Object.fromEntries(
    messages(bytes, number).map((pair) => {
      const [value = new Uint8Array()] = messages(pair, 2);
      return [text(fieldsOf(pair), 1), scalarOf(fieldsOf(value))] as const;
    }),
  );
}

function scalarOf(fields: Fields): string | number | boolean {
  if (fields.has(1)) return text(fields, 1);
  if (fields.has(2)) return fields.get(2)?.[0] === 1n;
  if (fields.has(3)) return Number(fields.get(3)?.[0]);
  const bits = new DataView(new ArrayBuffer(8));
  bits.setBigUint64(0, (fields.get(4)?.[0] ?? 0n) as bigint);
  return bits.getFloat64(0);
}

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    values.push(fieldOf(reader, type));
  }
  return fields;
}

function fieldOf(reader: BinaryReader, type: WireType): Uint8Array | bigint {
  switch (type) {
    case WireType.LengthDelimited:
      return reader.bytes();
    case WireType.Varint:
      return BigInt(reader.uint64());
    case WireType.Bit64:
      return BigInt(reader.fixed64());
    case WireType.Bit32:
      return BigInt(reader.fixed32());
    default:
      throw new TypeError(`no trace has fields of the wire type ${type}`);
  }
}

function messages(bytes: Uint8Array, number: number): Uint8Array[] {
  return (fieldsOf(bytes).get(number) ?? []) as Uint8Array[];
}

function text(fields: Fields, number: number): string {
  return Buffer.from((fields.get(number)?.[0] ?? new Uint8Array()) as Uint8Array).toString('utf8');
}

function hex(fields: Fields, number: number): string {
  return Buffer.from((fields.get(number)?.[0] ?? new Uint8Array()) as Uint8Array).toString('hex');
}
