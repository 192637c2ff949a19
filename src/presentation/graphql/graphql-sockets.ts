import { type ExecutionArgs, execute, type GraphQLError, getOperationAST, subscribe } from 'graphql';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer, type Server } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Call } from '#application/call.ts';
import type { Caller } from '#application/caller.ts';
import { Observation } from '#application/observe.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { AccessTokens } from '../access-tokens.ts';
import { Channel, Channels } from '../sockets.ts';
import type { Upgrade } from '../upgrades.ts';
import { graphqlError } from './errors.ts';
import { exactNumbers } from './exact-variables.ts';
import type { OperationPayload } from './prepare-operation.ts';

export interface GraphqlSocketOptions {
  readonly tokens: AccessTokens;
  readonly limits: {
    readonly maxConnections: number;
    readonly slowReader: number;
    readonly maxMessageBytes: number;
    /** Operations of one client at once. */
    readonly maxOperations: number;
  };
  /** Makes an operation ready to run. */
  readonly prepare: (payload: OperationPayload, call: Call) => Promise<ExecutionArgs | readonly GraphQLError[]>;
  readonly onAnswer: (answer: AnsweredRequest) => void;
}

/** What is known of a client. */
interface Client {
  caller: Caller | null;
  readonly channel: Channel;
  readonly leaving: AbortController;
  readonly address: string;
  readonly operations: Map<string, Running>;
}

/** An operation under way. */
interface Running {
  readonly call: Call;
  readonly started: number;
  readonly type: string;
}

const NOBODY: Caller = { name: 'nobody', right: 'read' };
/** Milliseconds that a client has to begin with `connection_init`. */
const MAX_SILENCE = 10_000;
/** Bytes of the reason that a close frame holds. */
const MAX_REASON = 120;

/** GraphQL over WebSocket at `/graphql` (the protocol `graphql-transport-ws`): subscriptions, queries and mutations. */
export class GraphqlSockets {
  readonly #options: GraphqlSocketOptions;
  readonly #webSockets: WebSocketServer;
  readonly #protocol: Server<Client>;
  readonly #channels: Channels;
  #operations = 0;

  constructor(options: GraphqlSocketOptions) {
    this.#options = options;
    this.#channels = new Channels(options.limits);
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: options.limits.maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols: (offered) =>
        offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false,
    });
    this.#protocol = makeServer<Record<string, unknown>, Client>({
      connectionInitWaitTimeout: MAX_SILENCE,
      jsonMessageReviver: exactNumbers,
      execute,
      subscribe,
      onConnect: ({ extra, connectionParams }) => this.#identify(extra, connectionParams?.authorization),
      onSubscribe: ({ extra }, id, payload) => this.#begin(extra, id, payload),
      onComplete: ({ extra }, id) => this.#end(extra, id),
      onError: (_context, _id, _payload, errors) => errors.map((error) => graphqlError(error).toJSON()),
      onNext: (_context, _id, _payload, _args, { data = null, errors }) =>
        errors && { data, errors: errors.map((error) => graphqlError(error).toJSON()) },
    });
  }

  get connections(): number {
    return this.#channels.size;
  }

  /** Operations under way. */
  get operations(): number {
    return this.#operations;
  }

  take({ request, socket, head, caller }: Upgrade): void {
    this.#channels.checkFree();
    const address = request.socket.remoteAddress ?? '';
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, caller, address));
  }

  /** Lets what runs come to its end within the time; subscriptions end by themselves. */
  close(timeout: number): Promise<void> {
    return this.#channels.close(timeout, () => this.#operations === 0);
  }

  #open(webSocket: WebSocket, caller: Caller | null, address: string): void {
    const channel = new Channel(webSocket);
    this.#channels.add(channel);
    const client: Client = { caller, channel, leaving: new AbortController(), address, operations: new Map() };
    const close = (code: number, reason: string) => channel.close(code, reason.slice(0, MAX_REASON));
    const closed = this.#protocol.opened(
      {
        protocol: webSocket.protocol,
        send: (message) => channel.send(message).catch(() => {}),
        close: (code = CloseCode.InternalServerError, reason = '') => close(code, reason),
        onMessage: (receive) => {
          webSocket.on('message', (data) => {
            receive(String(data)).catch((error) => close(CloseCode.InternalServerError, graphqlError(error).message));
          });
        },
      },
      client,
    );
    webSocket.once('close', (code, reason) => {
      client.leaving.abort(new DataForgeError('cancelled', 'The client left.'));
      for (const id of client.operations.keys()) this.#end(client, id);
      void closed(code, String(reason));
    });
  }

  /** A browser cannot send headers: it says its token with the first message. False ends the connection as forbidden. */
  #identify(client: Client, authorization: unknown): boolean {
    if (typeof authorization === 'string') {
      try {
        client.caller = this.#options.tokens.identify(authorization);
      } catch {
        return false;
      }
    }
    return client.caller !== null;
  }

  async #begin(client: Client, id: string, payload: OperationPayload): Promise<ExecutionArgs | GraphQLError[]> {
    const { maxOperations } = this.#options.limits;
    if (client.operations.size >= maxOperations) {
      const message = `${maxOperations} operations are under way on this connection already; end one of them first.`;
      return [graphqlError(new DataForgeError('too_many_requests', message, { retryable: true }))];
    }
    const caller = client.caller ?? NOBODY;
    const call: Call = { caller, signal: client.leaving.signal, observation: new Observation() };
    const prepared = await this.#options.prepare(payload, call).catch((error) => [graphqlError(error)]);
    if (isErrors(prepared)) return prepared.map(graphqlError);
    const type = getOperationAST(prepared.document, prepared.operationName)?.operation ?? 'unknown';
    client.operations.set(id, { call, started: performance.now(), type });
    this.#operations++;
    return prepared;
  }

  #end(client: Client, id: string): void {
    const running = client.operations.get(id);
    if (running === undefined) return;
    client.operations.delete(id);
    this.#operations--;
    const { call, started, type } = running;
    const { observation } = call;
    this.#options.onAnswer({
      protocol: 'graphql',
      method: type,
      route: '/graphql',
      status: 200,
      duration: type === 'subscription' ? 0 : performance.now() - started,
      dataset: observation.dataset,
      processor: observation.processor,
      bytesOut: 0,
      requestId: id.slice(0, 100),
      traceParent: observation.traceParent,
      caller: call.caller.name,
      address: client.address,
      code: null,
      rows: observation.rows,
      parts: observation.parts,
      plan: null,
      explain: null,
      error: null,
    });
  }
}

function isErrors(prepared: ExecutionArgs | readonly GraphQLError[]): prepared is readonly GraphQLError[] {
  return Array.isArray(prepared);
}
