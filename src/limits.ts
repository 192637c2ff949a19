import type { Limits } from '#application/limits.ts';
import { type Config, isLoopback } from '#config';

/** What use cases are bounded by: settings where there is one, and what nobody needs to set. */
export function limitsOf(config: Config): Limits {
  return {
    defaultPageSize: config.defaultPageSize,
    maxPageSize: config.maxPageSize,
    filter: { maxConditions: config.maxFilters, maxDepth: 10, maxListLength: 100_000 },
    maxSortKeys: 32,
    queryTimeout: config.queryTimeoutMs,
    streamTimeout: config.streamMaxAgeMs,
    maxStreams: config.maxStreams,
    defaultChanges: 1000,
    maxChanges: 10_000,
    defaultGroups: 1000,
    maxGroups: 10_000,
    maxWatchedRows: 10_000,
    maxWait: 60_000,
    inlineRows: 500,
    defaultSqlRows: 10_000,
    maxSqlTime: config.sqlTimeoutMs,
    maxSqlBytes: config.sqlMaxBytes,
    maxSqlAnswerBytes: Math.min(config.sqlMaxBytes, config.maxBodyBytes * 2),
    analysisWait: config.analysisWaitMs,
    maxProcessorInput: config.processorMaxInput,
  };
}

/** A server that only this machine can reach answers to this machine's names; one that asks for tokens, to any. */
export function securityOf({ host, apiTokens, allowedHosts, corsOrigins }: Config) {
  const isClosed = isLoopback(host) || apiTokens.length === 0 || allowedHosts.length > 0;
  return { tokens: apiTokens, allowedHosts: isClosed ? [host, ...allowedHosts] : null, allowedOrigins: corsOrigins };
}
