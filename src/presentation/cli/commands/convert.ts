import type { Command } from 'commander';
import { jsonFrom } from '#domain/record/json.ts';
import type { AddCommand } from '../context.ts';
import { fileKind, sizeOf } from '../files.ts';
import { formatBytes, formatCount, formatTime } from '../progress.ts';

/** `forge convert IN OUT`: the same rows in another format, without any dataset. */
export const convertCommand: AddCommand = (program, begin) => {
  program
    .command('convert')
    .description('write the rows of a file in another format; needs no dataset')
    .argument('<in>', '.csv, .ndjson, .json, .parquet or .arrow, also with .gz or .zst')
    .argument('<out>', '.csv, .ndjson, .json, .parquet or .arrow, also with .gz or .zst')
    .action(async (from: string, to: string, _options, command: Command) => {
      const { host, output } = begin(command);
      fileKind(from);
      fileKind(to);
      await sizeOf(from);
      const started = performance.now();
      const rows = await host.convert(from, to);
      const bytes = await sizeOf(to);
      output.answer(jsonFrom({ file: to, rows, bytes }), () => {
        return `${to}: ${formatCount(rows)} rows, ${formatBytes(bytes)} in ${formatTime((performance.now() - started) / 1000)}`;
      });
    });
};
