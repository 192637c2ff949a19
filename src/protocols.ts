import type { FastifyInstance } from 'fastify';
import type { DatasetCatalog } from '#application/datasets/dataset-catalog.ts';
import type { UseCases } from '#application/use-cases.ts';
import type { Config } from '#config';
import type { Metrics } from '#infrastructure/metrics.ts';
import type { ProcessTelemetry } from '#infrastructure/telemetry.ts';
import { readTlsFiles } from '#infrastructure/tls-files.ts';
import { AccessTokens } from '#presentation/access-tokens.ts';
import { FlightServer } from '#presentation/flight/flight-server.ts';
import { graphqlRoutes } from '#presentation/graphql/graphql-routes.ts';
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

export function createProtocols(parts: ProtocolParts): Protocols {
  const { config, metrics } = parts;
  const flight = config.protocols.includes('flight') ? createFlightServer(parts) : null;
  const webSocket = config.protocols.includes('websocket') ? createWebSocketServer(parts) : null;
  if (flight !== null) {
    metrics.gauge({ name: 'flight_calls', help: 'Calls over Arrow Flight under way', read: () => flight.open });
  }
  if (webSocket !== null) addWebSocketGauges(metrics, webSocket);
  let flightAddress: string | null = null;

  return {
    get flightAddress() {
      return flightAddress;
    },
    mount(server) {
      if (config.protocols.includes('graphql')) mountGraphql(server, parts);
      if (webSocket !== null) mountWebSocket(server, webSocket, parts);
    },
    async listen() {
      if (flight === null) return;
      flightAddress = flightUrl(config, await flight.listen(config.host, config.flightPort));
    },
    async close(timeoutMs) {
      await Promise.all([flight?.close(timeoutMs), webSocket?.close(timeoutMs)]);
    },
  };
}

function mountGraphql(server: FastifyInstance, { config, useCases, catalog }: ProtocolParts): void {
  graphqlRoutes(server, {
    useCases,
    limits: {
      maxDepth: config.graphqlMaxDepth,
      maxCost: config.graphqlMaxCost,
      maxAliases: config.graphqlMaxAliases,
      maxBatch: config.graphqlMaxBatch,
      maxJsonBytes: config.maxBodyBytes,
    },
    revision: () => catalog.revision,
  });
}

function mountWebSocket(
  server: FastifyInstance,
  webSocket: WebSocketServer,
  { config, security, version }: ProtocolParts,
): void {
  const upgrades = new Upgrades(security, config.trustProxy);
  upgrades.add('/ws', (upgrade) => webSocket.take(upgrade));
  upgrades.attach(server.server);
  asyncApiRoutes(server, version);
}

function createWebSocketServer({ config, useCases, telemetry, version }: ProtocolParts): WebSocketServer {
  return new WebSocketServer({
    useCases,
    tokens: new AccessTokens(config.apiTokens),
    limits: {
      maxConnections: config.wsMaxConnections,
      maxOperations: config.wsMaxOperations,
      maxMessageBytes: config.wsMaxMessageBytes,
      slowReader: config.wsSlowReaderMs,
      idle: config.wsIdleMs,
    },
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

function createFlightServer({ config, useCases, telemetry }: ProtocolParts): FlightServer {
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
