import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LoggingOptions {
  readonly level: string;
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
}

/** The log of the process. Secrets that a request carries never reach it. */
export async function createLogger({ level, pretty }: LoggingOptions): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['req.headers.authorization', 'headers.authorization', '*.secret'],
  };
  if (!pretty) return pino(options);
  const { default: prettify } = await import('pino-pretty');
  return pino(
    options,
    prettify({ translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', singleLine: true, sync: true }),
  );
}
