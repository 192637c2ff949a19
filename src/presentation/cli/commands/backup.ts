import { resolve } from 'node:path';
import type { Command } from 'commander';
import { DataForgeError } from '#domain/errors.ts';
import { jsonFrom } from '#domain/record/json.ts';
import { adminApi } from '../admin-api.ts';
import type { AddCommand } from '../context.ts';
import { findServer } from '../target.ts';
import { memberOf, textOf } from './query.ts';

/** `forge backup FILE`: a consistent copy of the store, while it is in use. */
export const backupCommand: AddCommand = (program, begin) => {
  program
    .command('backup')
    .description('copy the store to a file, also while it is in use')
    .argument('[file]', 'a file that does not exist; without it a new one in the data folder')
    .action(async (file: string | undefined, _options, command: Command) => {
      const { output, withTarget } = begin(command);
      // The server of this machine writes the file, so the path must not depend on where it was started.
      const answer = await withTarget(({ client, kind }) => {
        return adminApi.backup(client, file === undefined || kind === 'remote' ? (file ?? null) : resolve(file));
      });
      output.answer(answer, () => `Backup written: ${textOf(memberOf(answer, 'path'))}`);
    });
};

/** `forge restore FILE`: a backup takes the place of the store. */
export const restoreCommand: AddCommand = (program, begin) => {
  program
    .command('restore')
    .description('put a backup in the place of the store; the server must not run')
    .argument('<file>')
    .option('--replace', 'also where a store is there; it is kept beside, with the time in its name')
    .action(async (file: string, { replace = false }: { replace?: boolean }, command: Command) => {
      const { host, output, flags } = begin(command);
      const running = await findServer(host.loadConfig(flags).dataDir);
      if (running !== null) {
        throw new DataForgeError('store_locked', `The server at ${running.url} has the store open; stop it first.`);
      }
      const former = await host.restore(flags, resolve(file), replace);
      output.answer(jsonFrom({ restored: file, former }), () => {
        return `Restored from ${file}${former === null ? '' : `; the former store is ${former}`}`;
      });
    });
};
