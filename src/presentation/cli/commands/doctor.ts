import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import type { Command } from 'commander';
import { DataForgeError } from '#domain/errors.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { AddCommand, CliContext } from '../context.ts';
import type { CliConfig } from '../host.ts';
import { findServer } from '../target.ts';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly says: string;
}

/** `forge doctor`: looks at everything an instance needs, one after another, and says what to do. */
export const doctorCommand: AddCommand = (program, begin) => {
  program
    .command('doctor')
    .description('look for what may be wrong with this instance')
    .action(async (_options, command: Command) => doctor(begin(command)));
};

async function doctor(context: CliContext): Promise<void> {
  const { host, output, flags } = context;
  const findings: Finding[] = [
    { check: 'node', ok: Number.parseInt(process.versions.node, 10) >= 26, says: process.version },
  ];
  let config: CliConfig | null = null;
  findings.push(
    await look('configuration', async () => {
      config = host.loadConfig(flags);
      return 'every setting is valid';
    }),
  );
  if (config !== null) findings.push(...(await lookAtInstance(context, config)));
  const ok = findings.every((finding) => finding.ok);
  output.answer(jsonFrom({ ok, checks: findings }), () => {
    return findings
      .map((finding) => `${finding.ok ? 'ok  ' : 'BAD '} ${finding.check.padEnd(14)} ${finding.says}`)
      .join('\n');
  });
  if (!ok) throw new DataForgeError('unavailable', 'Something is wrong with this instance; the list says what.');
}

async function lookAtInstance({ host, withTarget }: CliContext, config: CliConfig): Promise<Finding[]> {
  return [
    await look('dataset files', async () => {
      const { datasets } = await host.datasetFiles(config.datasetsDir).load();
      return `${datasets.length} in order`;
    }),
    await look('data folder', async () => {
      await mkdir(config.dataDir, { recursive: true });
      await access(config.dataDir, constants.W_OK);
      return config.dataDir;
    }),
    await look('server', async () => {
      const running = await findServer(config.dataDir);
      return running === null ? 'none runs; commands open the store themselves' : running.url;
    }),
    await look('store', async () => {
      await withTarget(({ client }) => client.json('GET', '/schemas'), { changesNothing: true });
      return 'can be opened and read';
    }),
  ];
}

async function look(check: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { check, ok: true, says: await work() };
  } catch (error) {
    return { check, ok: false, says: error instanceof Error ? error.message : String(error) };
  }
}
