// The process entry: reads the configuration, creates the app, starts it, and stops it on signals.

import { flushCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { systemCall } from '#application/call.ts';
import { loadConfig } from '#config';
import { DataForgeError } from '#domain/errors.ts';
import { createLogger } from '#infrastructure/logging.ts';
import { removeServerFile, writeServerFile } from '#infrastructure/server-file.ts';
import { PROBLEMS, toDataForgeError } from '#presentation/problem.ts';
import { type App, createApp } from './app.ts';
import { settingsHelp } from './config/config-docs.ts';
import { parseFlags } from './config/flags.ts';
import { startExampleServices } from './example-services.ts';
import { fillExamples } from './fill-examples.ts';
import { VERSION } from './version.ts';

/** Serves until a signal comes; resolves when everything is closed. */
export async function runServer(flags: Readonly<Record<string, string>>): Promise<void> {
  const config = loadConfig({ flags });
  const app = await createApp(config);
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  let services: Awaited<ReturnType<typeof startExampleServices>> | null = null;
  try {
    if (config.servesExamplePipelines) services = await startExampleServices();
    const address = reachable(await listen(app));
    // Who reads the address below may send one.
    const unwatch = watchSignals(app, stopping);
    await writeServerFile(config.dataDir, {
      address,
      ...(config.tlsCert === '' ? {} : { certificate: resolve(config.tlsCert) }),
      ...(app.flightAddress === null ? {} : { flight: reachable(app.flightAddress) }),
      pid: process.pid,
      version: VERSION,
      started_at: new Date().toISOString(),
    });
    greet(app, address);
    // Also for the start after one that is killed.
    flushCompileCache();
    const filling = config.servesExamples ? fill(app, stopping.signal) : Promise.resolve();
    await stopped;
    app.logger.info('Stopping: finishing what runs');
    unwatch();
    await app.close();
    await filling;
  } finally {
    await app.close();
    await services?.close();
    await removeServerFile(config.dataDir, process.pid);
  }
  app.logger.info('Stopped');
}

/** Carries out runs for a server elsewhere until a signal comes. */
export async function runWorker(
  flags: Readonly<Record<string, string>>,
  server: { readonly url: string; readonly token: string | null },
): Promise<void> {
  const config = loadConfig({ flags });
  const logger = await createLogger({ level: config.logLevel, pretty: process.stdout.isTTY === true });
  const { startWorker } = await import('./worker.ts');
  const worker = await startWorker(config, server, logger);
  logger.info({ server: server.url }, 'Working');
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  logger.info('Stopping: what does not end soon is given back');
  await worker.close();
}

/**
 * Opens the store in this process and serves it on a free port of this machine, without a word. With `changesNothing`
 * not even safe changes of dataset files are carried out.
 */
export async function startOwnServer(
  flags: Readonly<Record<string, string>>,
  changesNothing: boolean,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const config = loadConfig({ flags: { ...flags, HOST: '127.0.0.1', PORT: '0', PROTOCOLS: 'rest', ...NO_TLS } });
  const logger = await createLogger({ level: 'silent', pretty: false });
  const app = await createApp(config, {
    logger,
    whenIncompatible: changesNothing ? 'change-nothing' : 'serve-stored',
    runsByItself: false,
  });
  const url = await listen(app);
  return { url, close: () => app.close() };
}

const NO_TLS = { TLS_CERT: '', TLS_KEY: '' };

async function listen(app: App): Promise<string> {
  try {
    return await app.listen();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const { host, port } = app.config;
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: `Port ${port} of ${host} is taken; stop what listens there, or set PORT to another (0 takes a free one).`,
      EACCES: `Port ${port} may not be opened by this user; set PORT to one above 1023.`,
      EADDRNOTAVAIL: `This machine has no address ${host}; set HOST to one it has.`,
      ENOTFOUND: `The host name ${host} is not known; set HOST to an address of this machine.`,
    };
    const reason = reasons[code ?? ''];
    if (reason === undefined) throw error;
    throw new DataForgeError('invalid_configuration', reason, { cause: error });
  }
}

/** An address that listens everywhere is called by the loopback name. */
function reachable(address: string): string {
  return address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

function greet({ logger, synchronised }: App, address: string): void {
  const { served } = synchronised;
  logger.info(
    `Data Forge ${VERSION} serves ${datasetsText(served.length)} at ${address}, documented at ${address}/docs`,
  );
}

function datasetsText(count: number): string {
  return count === 1 ? 'one dataset' : `${count} datasets`;
}

function watchSignals(app: App, stopping: AbortController): () => void {
  const stop = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(130);
    app.logger.info(`${signal}: stopping; once more ends it at once`);
    stopping.abort(new DataForgeError('cancelled', 'The server is stopping.'));
  };
  const reload = () => void reloadDatasets(app).then(() => reloadPipelines(app));
  process.on('SIGINT', stop).on('SIGTERM', stop);
  if (process.platform === 'win32') process.on('SIGBREAK', stop);
  else process.on('SIGHUP', reload);
  if (!app.config.watchDatasets) return () => {};
  const watches = [app.datasetFiles.watch(reload), app.pipelineFiles?.watch(() => void reloadPipelines(app))];
  return () => {
    for (const unwatch of watches) unwatch?.();
  };
}

/** A set of files with a fault leaves the old set running, with a loud word. */
async function reloadDatasets({ useCases, logger }: App): Promise<void> {
  try {
    const { served } = await useCases.synchroniseDatasets({ whenIncompatible: 'refuse' }, systemCall());
    logger.info(`Dataset files read again: ${datasetsText(served.length)} served`);
  } catch (error) {
    const known = toDataForgeError(error);
    logger.error(
      { code: known.code },
      `The dataset files were not taken over, the old ones are served on: ${known.message}${otherFaults(known)}`,
    );
  }
}

/** The same for pipelines; a run under way goes on as it was begun. */
async function reloadPipelines({ useCases, pipelineFiles, logger }: App): Promise<void> {
  if (pipelineFiles === null) return;
  try {
    const { pipelines } = await useCases.synchronisePipelines({}, systemCall());
    logger.info(
      `Pipeline files read again: ${pipelines.length === 1 ? 'one pipeline' : `${pipelines.length} pipelines`}`,
    );
  } catch (error) {
    const known = toDataForgeError(error);
    const message = `The pipeline files were not taken over, the old ones go on: ${known.message}${otherFaults(known)}`;
    logger.error({ code: known.code }, message);
  }
}

async function fill(app: App, signal: AbortSignal): Promise<void> {
  try {
    await fillExamples(app, signal, process.stderr);
  } catch (error) {
    if (!signal.aborted) app.logger.error({ err: error }, 'The example data could not be loaded');
  }
}

/** What is wrong besides what the message says, a line each. */
function otherFaults({ message, faults }: DataForgeError): string {
  return faults.flatMap((fault) => (message.includes(fault.message) ? [] : [`\n  ${fault.message}`])).join('');
}

/** Tells why the process cannot go on: one sentence, and each fault on a line where there are several. */
function fail(error: unknown): void {
  const known = toDataForgeError(error);
  const stack = known.code === 'internal' && known.cause instanceof Error ? `\n${known.cause.stack}` : '';
  process.stderr.write(`data-forge: ${known.message}${otherFaults(known)}${stack}\n`);
  process.exitCode = PROBLEMS[known.code].exit;
}

if (import.meta.main) {
  try {
    const { flags, help, version } = parseFlags(process.argv.slice(2));
    if (help)
      process.stdout.write(
        `Usage: npm start -- [flags]\n\nServes the datasets over REST until it is stopped.\n\n${settingsHelp()}`,
      );
    else if (version) process.stdout.write(`${VERSION}\n`);
    else await runServer(flags);
  } catch (error) {
    fail(error);
  }
  // Whatever still holds the process has had its time.
  setTimeout(() => process.exit(), 500).unref();
}
