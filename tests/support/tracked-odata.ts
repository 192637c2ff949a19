import type { ServerResponse } from 'node:http';
import { RowSource, type SourceRequest, sendJson } from '../e2e/pipelines/support/row-source.ts';

export interface TrackedThing {
  readonly id: number;
  readonly [member: string]: unknown;
}

interface TrackedODataOptions {
  readonly pageSize: number;
  /** Which version of the protocol answers are written by; they differ in how a removed entity looks. */
  readonly version?: '4.0' | '4.01';
  /** Properties of a thing, as `$metadata` names them. */
  readonly properties?: string;
}

/**
 * An OData service that keeps track of changes, by OData 4.01 Protocol, section 11.3 (Requesting Changes), and OData JSON
 * Format, section 15 (Delta Payload): for what the framework of the other tests does not offer. Its pages have absolute
 * addresses, and the entity set is `Things`, whose key is `id`.
 */
export class TrackedOData {
  readonly #options: Required<TrackedODataOptions>;
  #source: RowSource | null = null;
  #things = new Map<number, TrackedThing>();
  /** The things that changed, in order; null where one was removed. */
  #log: { readonly id: number; readonly thing: TrackedThing | null }[] = [];
  /** Delta links from before this place in the log are forgotten. */
  #forgotten = 0;
  /** Called before each answer; it answers in its place where it gives true. */
  interrupt: (request: SourceRequest, response: ServerResponse) => boolean = () => false;

  constructor({
    pageSize,
    version = '4.01',
    properties = '<Property Name="name" Type="Edm.String"/>',
  }: TrackedODataOptions) {
    this.#options = { pageSize, version, properties };
  }

  async start(): Promise<void> {
    this.#source = await RowSource.start((request, response) => this.#answer(request, response));
  }

  get url(): string {
    return `${this.#source?.url}/service`;
  }

  get requests(): readonly SourceRequest[] {
    return this.#source?.requests ?? [];
  }

  put(...things: readonly TrackedThing[]): void {
    for (const thing of things) {
      if (JSON.stringify(this.#things.get(thing.id)) === JSON.stringify(thing)) continue;
      this.#things.set(thing.id, thing);
      this.#log.push({ id: thing.id, thing });
    }
  }

  remove(...ids: readonly number[]): void {
    for (const id of ids) if (this.#things.delete(id)) this.#log.push({ id, thing: null });
  }

  forgetChanges(): void {
    this.#forgotten = this.#log.length + 1;
  }

  async close(): Promise<void> {
    await this.#source?.close();
  }

  #answer(request: SourceRequest, response: ServerResponse): void {
    if (this.interrupt(request, response)) return;
    const { url, headers } = request;
    if (url.pathname === '/service/$metadata') {
      response.writeHead(200, { 'content-type': 'application/xml' }).end(this.#metadata());
      return;
    }
    const number = (name: string) => Number(url.searchParams.get(name) ?? 0);
    const tracks = /track-changes/.test(String(headers.prefer)) || url.searchParams.has('tracked');
    const since = url.searchParams.get('$deltatoken');
    if (since !== null && Number(since) < this.#forgotten) {
      response.writeHead(410).end();
      return;
    }
    const until = number('until') || this.#log.length;
    const all = since === null ? this.#entities() : this.#changes(Number(since), until);
    const start = number('$skiptoken');
    const isLast = start + this.#options.pageSize >= all.length;
    const control = this.#options.version === '4.01' ? '@' : '@odata.';
    const carried = since === null ? '' : `$deltatoken=${since}&until=${until}&`;
    sendJson(response, {
      [`${control}context`]: `${this.url}/$metadata#Things${since === null ? '' : '/$delta'}`,
      value: all.slice(start, start + this.#options.pageSize),
      ...(isLast
        ? tracks && { [`${control}deltaLink`]: `Things?$deltatoken=${until}&tracked` }
        : {
            [`${control}nextLink`]: `${this.url}/Things?${carried}${tracks ? 'tracked&' : ''}$skiptoken=${start + this.#options.pageSize}`,
          }),
    });
  }

  #entities(): object[] {
    return [...this.#things.values()].sort((a, b) => a.id - b.id);
  }

  /** The newest of what changed of each thing. */
  #changes(since: number, until: number): object[] {
    const newest = new Map(this.#log.slice(since, until).map(({ id, thing }) => [id, thing]));
    return [...newest].map(([id, thing]) => {
      if (thing !== null) return thing;
      return this.#options.version === '4.01'
        ? { '@removed': { reason: 'deleted' }, '@id': `Things(${id})`, id }
        : { '@odata.context': '#Things/$deletedEntity', id: `${this.url}/Things(${id})`, reason: 'deleted' };
    });
  }

  #metadata(): string {
    return (
      '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>' +
      '<Schema Namespace="S" xmlns="http://docs.oasis-open.org/odata/ns/edm">' +
      '<ComplexType Name="Place"><Property Name="city" Type="Edm.String"/><Property Name="height" Type="Edm.Decimal" Scale="2"/></ComplexType>' +
      `<EntityType Name="Thing"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Int32" Nullable="false"/>${this.#options.properties}</EntityType>` +
      '<EntityContainer Name="C"><EntitySet Name="Things" EntityType="S.Thing"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    );
  }
}
