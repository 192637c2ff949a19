import { DataForgeError } from '#domain/errors.ts';
import type { AddCommand } from '../context.ts';

/** `forge worker`: carries out the runs of a server elsewhere. */
export const workerCommand: AddCommand = (program, begin) => {
  program
    .command('worker')
    .description('carry out runs of pipelines for a server elsewhere, until it is stopped')
    .option('--server <url>', 'the server that keeps the rows (or --url, or FORGE_URL)')
    .option('--redis-url <url>', 'the Redis that server and workers share (or REDIS_URL)')
    .option('--pipeline-runs <number>', 'most runs at once (or PIPELINE_RUNS)')
    .action(async (options: { server?: string; redisUrl?: string; pipelineRuns?: string }, command) => {
      const { host, flags } = begin(command);
      const { url, token } = command.optsWithGlobals() as { url?: string; token?: string };
      const server = options.server ?? url ?? host.env.FORGE_URL;
      if (server === undefined) {
        throw new DataForgeError(
          'invalid_configuration',
          'A worker needs the address of its server: forge worker --server http://server:8080',
        );
      }
      const given = {
        ...flags,
        TASK_QUEUE: 'redis',
        ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
        ...(options.pipelineRuns === undefined ? {} : { PIPELINE_RUNS: options.pipelineRuns }),
      };
      await host.runWorker(given, { url: server, token: token ?? host.env.FORGE_TOKEN ?? null });
    });
};
