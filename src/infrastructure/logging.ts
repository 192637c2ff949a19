import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LoggingOptions {
  readonly level: string;
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
}

/** The log of the process. Secrets that a request carries never reach it. */
export function createLogger({ level, pretty }: LoggingOptions): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['req.headers.authorization', 'headers.authorization', '*.secret'],
    ...(pretty
      ? {
          transport: {
            target: 'pino-pretty',
            options: { translateTime: 'HH:MM:ss', ignore: 'pid,hostname', singleLine: true },
          },
        }
      : {}),
  });
}
