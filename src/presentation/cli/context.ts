import type { Command } from 'commander';
import type { CliHost } from './host.ts';
import { Output } from './output.ts';
import { openTarget, type Target, type TargetOptions } from './target.ts';

/** What a command's action gets: where to write, and how to reach the records. */
export interface CliContext {
  readonly host: CliHost;
  readonly output: Output;
  /** Settings given as flags, by their names. */
  readonly flags: Readonly<Record<string, string>>;
  /** A server was named, which may be on another machine. */
  readonly isRemote: boolean;
  /** Broken off by Ctrl+C. */
  readonly signal: AbortSignal;
  /** Runs `work` against the server, and closes what was opened for it. */
  withTarget<T>(work: (target: Target) => Promise<T>, options?: { readonly changesNothing?: boolean }): Promise<T>;
}

/** The flags that stand before or behind any command. */
export interface GlobalOptions {
  readonly url?: string;
  readonly token?: string;
  readonly dataDir?: string;
  readonly datasetsDir?: string;
  readonly pipelinesDir?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function createContext(host: CliHost, options: GlobalOptions, signal: AbortSignal): CliContext {
  const flags: Record<string, string> = {};
  if (options.dataDir !== undefined) flags.DATA_DIR = options.dataDir;
  if (options.datasetsDir !== undefined) flags.DATASETS_DIR = options.datasetsDir;
  if (options.pipelinesDir !== undefined) flags.PIPELINES_DIR = options.pipelinesDir;
  const output = new Output(host.out, host.err, { json: options.json ?? false, quiet: options.quiet ?? false });
  const targetOptions: TargetOptions = { url: options.url, token: options.token, flags };
  return {
    host,
    output,
    flags,
    signal,
    isRemote: Boolean(options.url ?? host.env.FORGE_URL),
    async withTarget(work, options) {
      const target = await openTarget(host, { ...targetOptions, ...options });
      try {
        return await work(target);
      } finally {
        await target.close();
      }
    },
  };
}

/** Adds a command to the program; `begin` makes the context once its flags are known. */
export type AddCommand = (program: Command, begin: (command: Command) => CliContext) => void;
