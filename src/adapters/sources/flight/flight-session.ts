import { Metadata } from '@grpc/grpc-js';
import type { FlightConnection } from '#adapters/shared/flight/flight-connection.ts';
import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { FlightData, FlightDescriptor, FlightInfo } from '#formats/flight/flight-messages.ts';
import { readAuthority } from '../shared/read-authority.ts';
import { connect } from './connect.ts';
import { credentialsOf } from './flight-credentials.ts';
import type { FlightOptions } from './flight-options.ts';
import { bindQuery } from './flight-prepared.ts';
import type { Wanted } from './flight-wanted.ts';

/** Where rows of a flight are to be had. */
export interface Endpoint {
  readonly ticket: Uint8Array;
  /** Other addresses than the server's own; none: there. */
  readonly locations: readonly string[];
}

const REUSE = 'arrow-flight-reuse-connection:';

/** A server, and the others that it sends to, for as long as a source is read. */
export class FlightSession {
  readonly #options: FlightOptions;
  readonly #opening: SourceOpening;
  readonly #authority: Buffer | null;
  readonly #connections = new Map<string, FlightConnection>();
  #metadata = new Metadata();
  #forget = async () => {};

  private constructor(options: FlightOptions, opening: SourceOpening, authority: Buffer | null) {
    this.#options = options;
    this.#opening = opening;
    this.#authority = authority;
  }

  static async open(options: FlightOptions, opening: SourceOpening): Promise<FlightSession> {
    const session = new FlightSession(options, opening, await readAuthority(options.ca, opening));
    try {
      session.#metadata = await credentialsOf(options, await session.#connect(options.url), opening);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Where the rows are; `ordered` where the endpoints one behind the other are in the order of the rows.
   * @throws DataForgeError `source_failed`
   */
  async endpoints(wanted: Wanted): Promise<{ readonly endpoints: readonly Endpoint[]; readonly ordered: boolean }> {
    if (wanted.kind === 'ticket') {
      return { endpoints: [{ ticket: wanted.ticket, locations: [] }], ordered: true };
    }
    const { endpoint, ordered } = await this.#infoOf(wanted);
    const endpoints = endpoint.map(({ ticket, location = [] }) => ({
      ticket: ticket?.ticket ?? new Uint8Array(0),
      locations: location.flatMap(({ uri = '' }) => (uri === '' || uri.startsWith(REUSE) ? [] : [uri])),
    }));
    return { endpoints, ordered: ordered || endpoints.length < 2 };
  }

  /** The schema as a framed message; null where a ticket is all there is. */
  async schema(wanted: Wanted): Promise<Uint8Array | null> {
    if (wanted.kind === 'ticket') return null;
    const { schema } = await this.#infoOf(wanted);
    if (schema.length > 0 || wanted.kind === 'prepared') return schema;
    return (await this.#connect(this.#options.url)).schema(wanted.descriptor, this.#metadata);
  }

  /** The descriptors of the flights that the server lists. */
  async flights(): Promise<readonly Partial<FlightDescriptor>[]> {
    const infos = await (await this.#connect(this.#options.url)).list(this.#metadata);
    return infos.flatMap(({ descriptor }) => descriptor ?? []);
  }

  /** The messages of an endpoint, of the first of its locations that answers. */
  async *get({ ticket, locations }: Endpoint): AsyncGenerator<FlightData> {
    const urls = locations.length === 0 ? [this.#options.url] : locations;
    for (const [index, url] of urls.entries()) {
      let begun = false;
      try {
        const connection = await this.#connect(url);
        for await (const message of connection.get(ticket, this.#metadataFor(url))) {
          begun = true;
          yield message;
        }
        return;
      } catch (error) {
        const isLast = index === urls.length - 1;
        if (begun || isLast || !(error instanceof DataForgeError && error.retryable)) throw error;
        this.#opening.note(`${url} does not answer; trying the next address`);
      }
    }
  }

  async close(): Promise<void> {
    await this.#forget();
    for (const connection of this.#connections.values()) connection.close();
  }

  async #infoOf(wanted: Exclude<Wanted, { readonly kind: 'ticket' }>): Promise<FlightInfo> {
    const connection = await this.#connect(this.#options.url);
    if (wanted.kind === 'descriptor') return connection.flightInfo(wanted.descriptor, this.#metadata);
    const bound = await bindQuery(connection, wanted, this.#metadata);
    this.#forget = bound.close;
    return connection.flightInfo(bound.descriptor, this.#metadata);
  }

  async #connect(url: string): Promise<FlightConnection> {
    const known = this.#connections.get(url);
    if (known !== undefined) return known;
    if (!/^grpc(\+tcp|\+tls)?:\/\/[^/]+\/?$/.test(url) || !URL.canParse(url)) {
      throw new DataForgeError(
        'source_failed',
        `The server sends to ${url.slice(0, 200)}, which is no address of Flight.`,
      );
    }
    const { timeout } = this.#options;
    const authority = this.#authority;
    const opened = await connect({ url, authority, timeout, opening: this.#opening });
    this.#connections.set(url, opened);
    return opened;
  }

  /** Credentials go to the host of the file alone, unless it says otherwise. */
  #metadataFor(url: string): Metadata {
    const home = new URL(this.#options.url);
    const { hostname, protocol } = new URL(url);
    const isHome = hostname === home.hostname && (protocol === home.protocol || protocol === 'grpc+tls:');
    return isHome || this.#options.trustLocations ? this.#metadata : new Metadata();
  }
}
