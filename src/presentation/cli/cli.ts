import { Command, CommanderError } from 'commander';
import { analyseCommand } from './commands/analyse.ts';
import { backupCommand, restoreCommand } from './commands/backup.ts';
import { changesCommand } from './commands/changes.ts';
import { checkCommand } from './commands/check.ts';
import { completionCommand } from './commands/completion.ts';
import { convertCommand } from './commands/convert.ts';
import { countCommand } from './commands/count.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportCommand } from './commands/export.ts';
import { getCommand } from './commands/get.ts';
import { loadCommand } from './commands/load.ts';
import { migrateCommand } from './commands/migrate.ts';
import { pipelineCommand } from './commands/pipeline.ts';
import { queryCommand } from './commands/query.ts';
import { schemaCommand } from './commands/schema.ts';
import { schemasCommand } from './commands/schemas.ts';
import { sqlCommand } from './commands/sql.ts';
import { startCommand } from './commands/start.ts';
import { workerCommand } from './commands/worker.ts';
import { type AddCommand, type CliContext, createContext, type GlobalOptions } from './context.ts';
import { exitCodeOf, exitCodesHelp } from './exit-codes.ts';
import type { CliHost } from './host.ts';
import { Output } from './output.ts';

const COMMANDS: readonly AddCommand[] = [
  startCommand,
  checkCommand,
  schemasCommand,
  schemaCommand,
  loadCommand,
  exportCommand,
  convertCommand,
  queryCommand,
  sqlCommand,
  analyseCommand,
  countCommand,
  getCommand,
  changesCommand,
  pipelineCommand,
  workerCommand,
  backupCommand,
  restoreCommand,
  migrateCommand,
  doctorCommand,
  completionCommand,
];

const EXAMPLES = `
Examples:
  $ forge start                                     serve the datasets of DATASETS_DIR
  $ forge load sales.csv                            a new dataset "sales", its types found in the file
  $ forge query sales --filter 'amount gt 100' --sort amount:desc
  $ forge export sales --to sales.parquet
  $ forge sql 'SELECT region, sum(amount) FROM sales GROUP BY region'
  $ forge count sales --filter 'region eq "north"'`;

/** The whole command line. `begin` makes a context of the flags that were given. */
export function createProgram(host: CliHost, signal: AbortSignal): Command {
  const program = new Command('forge')
    .description('Datasets from small files: durable storage, validation and a fast records API.')
    .version(host.version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .option(
      '--url <address>',
      'server to talk to; without it the one that runs on the data folder, else the store is opened here',
    )
    .option('--token <secret>', 'token for the server (or FORGE_TOKEN in the environment)')
    .option('--data-dir <path>', 'folder of the store')
    .option('--datasets-dir <path>', 'folder of the dataset files')
    .option('--pipelines-dir <path>', 'folder of the pipeline files')
    .option('--json', 'answers and errors as JSON')
    .option('-q, --quiet', 'no progress and no remarks')
    .addHelpText('after', `${EXAMPLES}\n\n${exitCodesHelp()}`)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: (text) => void host.out.write(text), writeErr: (text) => void host.err.write(text) });
  const begin = (command: Command): CliContext => createContext(host, command.optsWithGlobals<GlobalOptions>(), signal);
  for (const add of COMMANDS) add(program, begin);
  return program;
}

/** Runs one command line. @returns the exit code */
export async function runCli(argv: readonly string[], host: CliHost, signal: AbortSignal): Promise<number> {
  try {
    await createProgram(host, signal).parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has told what is wrong already.
    if (!(error instanceof CommanderError)) {
      new Output(host.out, host.err, { json: argv.includes('--json'), quiet: false }).error(error);
    }
    return exitCodeOf(error);
  }
}
