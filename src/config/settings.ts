import { availableParallelism, totalmem } from 'node:os';
import {
  auto,
  bytes,
  choice,
  choices,
  flag,
  flightAddress,
  headers,
  integer,
  type Kind,
  listOf,
  optionalPath,
  part,
  path,
  retention,
  text,
  webAddress,
} from './kinds.ts';
import { tokens } from './tokens.ts';

export interface Setting<T> {
  /** Its name in the environment and in `.env`; as a flag it is `--lower-case`. */
  readonly name: string;
  readonly kind: Kind<T>;
  /** The text it has where nobody sets it. */
  readonly default: string;
  readonly description: string;
  readonly group: string;
}

function group(title: string) {
  return <T>(name: string, kind: Kind<T>, fallback: string, description: string): Setting<T> => {
    return { name, kind, default: fallback, description, group: title };
  };
}

const server = group('Server');
const storage = group('Storage');
const analysis = group('Analysis');
const pipelines = group('Pipelines');
const limits = group('Limits');
const safety = group('Safety');
const logging = group('Logging');
const tracing = group('Tracing');

const millisecondsFrom = (least: number) => ({ ...integer(least, 2 ** 31 - 1), placeholder: 'ms' });
const isOrigin = (item: string) => item === '*' || (URL.canParse(item) && new URL(item).origin === item);
const isHostName = (item: string) => /^[A-Za-z0-9.-]+$|^\[[0-9A-Fa-f:.]+\]$/.test(item);

/** A part of the memory that this process may have. */
function partOfMemory(parts: number): number {
  const allowed = process.constrainedMemory();
  return Math.floor(Math.min(allowed > 0 ? allowed : totalmem(), totalmem()) / parts);
}

/** Every setting there is: the parser, `--help`, `.env.example` and the docs are made of this table. */
export const SETTINGS = {
  host: server(
    'HOST',
    text('host name or address'),
    '127.0.0.1',
    'Address to listen on. Any but this machine needs API_TOKENS.',
  ),
  port: server('PORT', integer(0, 65535), '8080', 'Port to listen on; 0 takes a free one.'),
  tlsCert: server('TLS_CERT', text('path'), '', 'File of the certificate (PEM) for HTTP over TLS.'),
  tlsKey: server('TLS_KEY', text('path'), '', 'File of its private key (PEM).'),
  protocols: server(
    'PROTOCOLS',
    choices('rest', 'graphql', 'websocket', 'flight'),
    'rest,graphql,websocket,flight',
    'Protocols to serve. REST is always there: the command line and the health checks use it.',
  ),
  flightPort: server('FLIGHT_PORT', integer(0, 65535), '8815', 'Port for Arrow Flight; 0 takes a free one.'),
  flightTlsCert: server(
    'FLIGHT_TLS_CERT',
    text('path'),
    '',
    'File of the certificate (PEM) for Arrow Flight over TLS.',
  ),
  flightTlsKey: server('FLIGHT_TLS_KEY', text('path'), '', 'File of its private key (PEM).'),
  shutdownTimeoutMs: server(
    'SHUTDOWN_TIMEOUT_MS',
    millisecondsFrom(0),
    '10000',
    'How long a stopping server waits for running requests.',
  ),
  watchDatasets: server(
    'WATCH_DATASETS',
    auto(flag, () => process.env.NODE_ENV === 'development'),
    'auto',
    'Whether changed dataset and pipeline files are taken over at once; auto: in development. SIGHUP does the same by hand.',
  ),
  dataDir: storage('DATA_DIR', path, 'data', 'Folder of the store; made where there is none.'),
  datasetsDir: storage(
    'DATASETS_DIR',
    path,
    '',
    'Folder of the dataset files; without it "datasets" in the current folder, where that is not there the example instance.',
  ),
  dbEngine: storage(
    'DB_ENGINE',
    choice('duckdb', 'sqlite', 'postgres', 'memory'),
    'duckdb',
    'Engine that keeps the records: duckdb for large tables, sqlite for a file that everything reads; memory forgets them when it stops.',
  ),
  databaseUrl: storage(
    'DATABASE_URL',
    text('postgres://user:password@host:port/database'),
    '',
    'Database of DB_ENGINE postgres. Several instances may share one.',
  ),
  databaseConnections: storage(
    'DATABASE_CONNECTIONS',
    integer(5, 1000),
    '20',
    'Most connections that this instance has to the database.',
  ),
  engineMemory: storage(
    'ENGINE_MEMORY',
    auto(bytes, () => partOfMemory(2)),
    'auto',
    'Memory the engine may take; auto is half of what there is.',
  ),
  engineThreads: storage(
    'ENGINE_THREADS',
    auto(integer(1, 1024), availableParallelism),
    'auto',
    'Threads the engine may take; auto is one a core.',
  ),
  taskQueue: storage(
    'TASK_QUEUE',
    choice('local', 'redis'),
    'local',
    'Where work that is done later waits: local in a file of DATA_DIR, redis for workers on any number of machines.',
  ),
  redisUrl: storage(
    'REDIS_URL',
    text('redis://user:password@host:port/database'),
    '',
    'Redis of TASK_QUEUE redis; it has to keep its data on disk. Several instances may share one.',
  ),
  historyRetention: storage('HISTORY_RETENTION', retention, 'all', 'How far back former versions of records are kept.'),
  runRetention: storage(
    'RUN_RETENTION',
    retention,
    '90d',
    'How far back the dataset forge_runs has runs of pipelines, loads and analyses.',
  ),
  processorEngine: analysis(
    'DATA_PROCESSOR_ENGINE',
    choice('duckdb', 'polars', 'arquero'),
    'duckdb',
    'Library that computes analyses; duckdb takes what another one lacks.',
  ),
  processorMemory: analysis(
    'PROCESSOR_MEMORY',
    auto(bytes, () => partOfMemory(4)),
    'auto',
    'Memory a processor may take beside the engine; auto is a quarter of what there is.',
  ),
  processorMaxInput: analysis(
    'PROCESSOR_MAX_INPUT',
    auto(bytes, () => partOfMemory(8)),
    'auto',
    'Most bytes of rows that are copied to a processor for one analysis; auto is an eighth of the memory there is. Rows that are computed where they lie do not count.',
  ),
  maxAnalyses: analysis('MAX_ANALYSES', integer(1, 1000), '2', 'Most analyses at once; others wait in line.'),
  analysisTimeoutMs: analysis(
    'ANALYSIS_TIMEOUT_MS',
    millisecondsFrom(1),
    '3600000',
    'How long one analysis may take, from when it begins.',
  ),
  analysisWaitMs: analysis(
    'ANALYSIS_WAIT_MS',
    integer(0, 60_000),
    '5000',
    'How long a request waits for its analysis before it is answered with a job.',
  ),
  analysisMaxResult: analysis('ANALYSIS_MAX_RESULT', bytes, '256MB', 'Largest result of one analysis.'),
  analysisKeep: analysis(
    'ANALYSIS_KEEP',
    bytes,
    '512MB',
    'Bytes of results that are kept for whoever asks again; the oldest goes first.',
  ),
  pipelinesDir: pipelines(
    'PIPELINES_DIR',
    optionalPath,
    '',
    'Folder of the pipeline files; without it there are none, but for those of the example instance.',
  ),
  pipelineRuns: pipelines(
    'PIPELINE_RUNS',
    integer(0, 1000),
    '4',
    'Most runs at once in this process; 0 leaves them to workers elsewhere.',
  ),
  pipelineBatch: pipelines(
    'PIPELINE_BATCH',
    bytes,
    '20MB',
    'About how many bytes of rows a run stores in one commit; what it has stored is not fetched again.',
  ),
  pipelineBatchMs: pipelines(
    'PIPELINE_BATCH_MS',
    millisecondsFrom(1),
    '5000',
    'After how long a run stores the rows it has, however few.',
  ),
  dataTransfer: pipelines(
    'DATA_TRANSFER',
    choice('flight', 'json'),
    'flight',
    'How a worker elsewhere sends rows to its server: over Arrow Flight, or over the REST API where that alone can be reached.',
  ),
  flightUrl: pipelines(
    'FLIGHT_URL',
    auto(flightAddress, () => null),
    'auto',
    'Where a worker elsewhere finds Arrow Flight of its server; auto asks the server, and takes the host of its address.',
  ),
  secretsFile: pipelines(
    'SECRETS_FILE',
    optionalPath,
    '',
    'File of secrets for pipelines, NAME=value a line; FORGE_SECRET_NAME in the environment wins over it.',
  ),
  privateAddresses: pipelines(
    'PRIVATE_ADDRESSES',
    choice('allow', 'forbid'),
    'allow',
    'Whether pipelines may call addresses of this machine and of private networks.',
  ),
  maxBodyBytes: limits('MAX_BODY_BYTES', bytes, '32MB', 'Largest body of a request that is held in memory.'),
  maxUploadBytes: limits(
    'MAX_UPLOAD_BYTES',
    bytes,
    '64GB',
    'Largest upload, decompressed; uploads are never held in memory.',
  ),
  defaultPageSize: limits(
    'DEFAULT_PAGE_SIZE',
    integer(1, 1_000_000),
    '10',
    'Records on a page where size is not given.',
  ),
  maxPageSize: limits('MAX_PAGE_SIZE', integer(1, 1_000_000), '100000', 'Most records on one page.'),
  maxFilters: limits('MAX_FILTERS', integer(1, 100_000), '100', 'Most conditions in the filters of one request.'),
  maxFeeds: limits(
    'MAX_FEEDS',
    integer(1, 100_000),
    '1000',
    'Most followers of changes at once; more are answered 429.',
  ),
  maxStreams: limits('MAX_STREAMS', integer(1, 10_000), '64', 'Most streams at once; more are answered 429.'),
  queryTimeoutMs: limits(
    'QUERY_TIMEOUT_MS',
    millisecondsFrom(1),
    '30000',
    'How long a page, a count or a read by id may take.',
  ),
  streamMaxAgeMs: limits('STREAM_MAX_AGE_MS', millisecondsFrom(1), '3600000', 'How long one stream may last.'),
  maxSqlQueries: limits(
    'MAX_SQL_QUERIES',
    integer(1, 10_000),
    '32',
    'Most queries in SQL at once; more are answered 429.',
  ),
  sqlTimeoutMs: limits('SQL_TIMEOUT_MS', millisecondsFrom(1), '300000', 'How long one query in SQL may take.'),
  sqlMaxBytes: limits('SQL_MAX_BYTES', bytes, '64GB', 'Largest answer to one query in SQL; streams hold none of it.'),
  graphqlMaxDepth: limits(
    'GRAPHQL_MAX_DEPTH',
    integer(1, 1000),
    '16',
    'Most fields inside each other in a GraphQL document.',
  ),
  graphqlMaxCost: limits(
    'GRAPHQL_MAX_COST',
    integer(1, 1_000_000),
    '1000',
    'Most fields in a GraphQL document, those of the root counting ten each.',
  ),
  graphqlMaxAliases: limits('GRAPHQL_MAX_ALIASES', integer(0, 10_000), '30', 'Most aliases in a GraphQL document.'),
  graphqlMaxBatch: limits('GRAPHQL_MAX_BATCH', integer(1, 1000), '10', 'Most GraphQL requests in one body.'),
  wsMaxConnections: limits(
    'WS_MAX_CONNECTIONS',
    integer(1, 100_000),
    '5000',
    'Most WebSocket clients at once; more are answered 429.',
  ),
  wsMaxOperations: limits(
    'WS_MAX_OPERATIONS',
    integer(1, 10_000),
    '100',
    'Most subscriptions and queries of one WebSocket client at once.',
  ),
  wsMaxMessageBytes: limits('WS_MAX_MESSAGE_BYTES', bytes, '4MB', 'Largest message of a WebSocket client.'),
  wsSlowReaderMs: limits(
    'WS_SLOW_READER_MS',
    millisecondsFrom(1),
    '30000',
    'How long a WebSocket client may leave a message unread before it is dropped.',
  ),
  wsIdleMs: limits(
    'WS_IDLE_MS',
    millisecondsFrom(1),
    '300000',
    'How long a WebSocket client may ask for nothing before it is closed.',
  ),
  apiTokens: safety('API_TOKENS', tokens, '', 'Who may call; empty lets everybody on this machine do everything.'),
  allowedHosts: safety(
    'ALLOWED_HOSTS',
    listOf('host names', isHostName),
    '',
    'Names under which requests may come, besides HOST, localhost and loopback addresses.',
  ),
  corsOrigins: safety(
    'CORS_ORIGINS',
    listOf('origins like https://app.example', isOrigin),
    '',
    'Web pages elsewhere that may call; * for all.',
  ),
  trustProxy: safety('TRUST_PROXY', flag, 'false', 'Whether X-Forwarded-* of a proxy in front is believed.'),
  logLevel: logging(
    'LOG_LEVEL',
    choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    'Least level that is logged.',
  ),
  logFormat: logging(
    'LOG_FORMAT',
    choice('auto', 'json', 'pretty'),
    'auto',
    'auto is pretty on a terminal and JSON elsewhere.',
  ),
  slowRequestMs: logging(
    'SLOW_REQUEST_MS',
    millisecondsFrom(0),
    '1000',
    'Requests that take longer are logged with their plan.',
  ),
  traceEndpoint: tracing(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    webAddress,
    '',
    'Collector that traces are sent to by OTLP over HTTP, without /v1/traces; none are made where there is none.',
  ),
  traceHeaders: tracing('OTEL_EXPORTER_OTLP_HEADERS', headers, '', 'What the collector wants to be sent along.'),
  traceService: tracing('OTEL_SERVICE_NAME', text('name'), 'data-forge', 'What this server is called in traces.'),
  traceRatio: tracing(
    'OTEL_TRACES_SAMPLER_ARG',
    part,
    '1',
    'Part of the traces that begin here which is sent; a caller that traces decides for its own.',
  ),
} satisfies Readonly<Record<string, Setting<unknown>>>;

export type SettingKey = keyof typeof SETTINGS;
export const SETTING_ENTRIES = Object.entries(SETTINGS) as [SettingKey, Setting<unknown>][];

/** `--max-page-size` of `MAX_PAGE_SIZE`. */
export function flagName(setting: Setting<unknown>): string {
  return `--${setting.name.toLowerCase().replaceAll('_', '-')}`;
}
