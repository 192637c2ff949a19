import type { FastifyInstance } from 'fastify';
import type { DatasetCatalog } from '#application/datasets/dataset-catalog.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { Config } from '#config';
import type { Metrics } from '#infrastructure/metrics.ts';
import type { ProcessTelemetry } from '#infrastructure/telemetry.ts';
import { readTlsFiles } from '#infrastructure/tls-files.ts';
import { AccessTokens } from '#presentation/access-tokens.ts';
import type { FlightServer } from '#presentation/flight/flight-server.ts';
import { GraphqlEndpoint } from '#presentation/graphql/graphql-endpoint.ts';
import type { Security } from '#presentation/security.ts';
import { Upgrades } from '#presentation/upgrades.ts';
import { asyncApiRoutes } from '#presentation/websocket/asyncapi-routes.ts';
import { WebSocketServer } from '#presentation/websocket/websocket-server.ts';

interface ProtocolParts {
  readonly config: Config;
  readonly useCases: UseCases;
  readonly telemetry: ProcessTelemetry;
  readonly metrics: Metrics;
  readonly security: Security;
  readonly catalog: DatasetCatalog;
  readonly version: string;
}

/** The protocols beside REST that the configuration asks for. */
export interface Protocols {
  /** Adds those that share the HTTP server to it. */
  mount(server: FastifyInstance): void;
  /** Opens those that have a port of their own. */
  listen(): Promise<void>;
  /** Where Arrow Flight answers once it listens; null where it is not served. */
  readonly flightAddress: string | null;
  close(timeoutMs: number): Promise<void>;
}

export async function createProtocols(parts: ProtocolParts): Promise<Protocols> {
  const { config, metrics } = parts;
  const flight = config.protocols.includes('flight') ? await createFlightServer(parts) : null;
  const webSocket = config.protocols.includes('websocket') ? createWebSocketServer(parts) : null;
  if (flight !== null) {
    metrics.gauge({ name: 'flight_calls', help: 'Calls over Arrow Flight under way', read: () => flight.open });
  }
  const graphql = config.protocols.includes('graphql') ? createGraphql(parts) : null;
  if (webSocket !== null) addWebSocketGauges(metrics, webSocket);
  if (graphql !== null) addGraphqlGauges(metrics, graphql);
  let flightAddress: string | null = null;

  return {
    get flightAddress() {
      return flightAddress;
    },
    mount(server) {
      const upgrades = new Upgrades(parts.security, config.trustProxy);
      if (graphql !== null) {
        graphql.mount(server);
        upgrades.add('/graphql', (upgrade) => graphql.take(upgrade));
      }
      if (webSocket !== null) {
        asyncApiRoutes(server, parts.version);
        upgrades.add('/ws', (upgrade) => webSocket.take(upgrade));
      }
      upgrades.attach(server.server);
    },
    async listen() {
      if (flight === null) return;
      flightAddress = flightUrl(config, await flight.listen(config.host, config.flightPort));
    },
    async close(timeoutMs) {
      await Promise.all([flight?.close(timeoutMs), webSocket?.close(timeoutMs), graphql?.close(timeoutMs)]);
    },
  };
}

function createGraphql({ config, useCases, catalog, telemetry }: ProtocolParts): GraphqlEndpoint {
  return new GraphqlEndpoint({
    useCases,
    revision: () => catalog.revision,
    limits: {
      maxDepth: config.graphqlMaxDepth,
      maxCost: config.graphqlMaxCost,
      maxAliases: config.graphqlMaxAliases,
      maxBatch: config.graphqlMaxBatch,
      maxJsonBytes: config.maxBodyBytes,
    },
    sockets: {
      tokens: new AccessTokens(config.apiTokens),
      limits: socketLimits(config),
      onAnswer: (answer) => telemetry.answered(answer),
    },
  });
}

function socketLimits(config: Config) {
  return {
    maxConnections: config.wsMaxConnections,
    maxOperations: config.wsMaxOperations,
    maxMessageBytes: config.wsMaxMessageBytes,
    slowReader: config.wsSlowReaderMs,
    idle: config.wsIdleMs,
  };
}

function createWebSocketServer({ config, useCases, telemetry, version }: ProtocolParts): WebSocketServer {
  return new WebSocketServer({
    useCases,
    tokens: new AccessTokens(config.apiTokens),
    limits: socketLimits(config),
    version,
    onAnswer: (answer) => telemetry.answered(answer),
  });
}

function addWebSocketGauges(metrics: Metrics, server: WebSocketServer): void {
  metrics.gauge({ name: 'websocket_clients', help: 'WebSocket clients', read: () => server.connections });
  metrics.gauge({
    name: 'websocket_operations',
    help: 'Subscriptions, queries and inserts of WebSocket clients under way',
    read: () => server.operations,
  });
  metrics.gauge({
    name: 'websocket_dropped',
    help: 'WebSocket clients dropped since the start because they read too slowly',
    read: () => server.dropped,
  });
}

function addGraphqlGauges(metrics: Metrics, endpoint: GraphqlEndpoint): void {
  metrics.gauge({
    name: 'graphql_clients',
    help: 'Clients of GraphQL over WebSocket',
    read: () => endpoint.connections,
  });
  metrics.gauge({
    name: 'graphql_operations',
    help: 'Operations of GraphQL over WebSocket under way',
    read: () => endpoint.operations,
  });
}

async function createFlightServer({ config, useCases, telemetry }: ProtocolParts): Promise<FlightServer> {
  const { FlightServer } = await import('#presentation/flight/flight-server.ts');
  const { apiTokens, flightTlsCert: cert, flightTlsKey: key } = config;
  return new FlightServer({
    useCases,
    tokens: new AccessTokens(apiTokens),
    maxUploadBytes: config.maxUploadBytes,
    tls: cert === '' ? null : readTlsFiles({ FLIGHT_TLS_CERT: cert, FLIGHT_TLS_KEY: key }),
    onAnswer: (answer) => telemetry.answered(answer),
  });
}

function flightUrl({ host, flightTlsCert }: Config, port: number): string {
  return `grpc${flightTlsCert === '' ? '' : '+tls'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
