import type { Command } from 'commander';
import type { Migration, MigrationProgress } from '#application/maintenance/migrate-store.ts';
import { DataForgeError } from '#domain/errors.ts';
import { jsonFrom } from '#domain/record/json.ts';
import type { AddCommand } from '../context.ts';
import { type Output, table } from '../output.ts';
import { formatCount, Progress } from '../progress.ts';
import { parseStoreAddress, type StoreAddress } from '../store-address.ts';

const ADDRESSES =
  'duckdb:FOLDER, sqlite:FOLDER, postgres://…, or an engine alone, which takes DATA_DIR or DATABASE_URL';

/** `forge migrate --from … --to …`: a whole store on another engine. */
export const migrateCommand: AddCommand = (program, begin) => {
  program
    .command('migrate')
    .description(
      'copy a whole store, history included, to an empty one, also of another engine; broken off, it goes on',
    )
    .requiredOption('--from <store>', ADDRESSES)
    .requiredOption('--to <store>', 'the same; what is there has to be empty, or the begun copy')
    .action(async ({ from, to }: { from: string; to: string }, command: Command) => {
      const { host, output, flags, signal } = begin(command);
      const source = parseStoreAddress(from, '--from');
      const target = parseStoreAddress(to, '--to');
      const shown = new ShownPhases(output);
      const migration = await host.migrate(flags, source, target, { signal, onProgress: (each) => shown.take(each) });
      shown.finish();
      const different = migration.parts.filter(({ same }) => !same);
      output.answer(jsonFrom({ ...migration, same: different.length === 0 }), () => comparedTable(migration));
      if (different.length > 0) {
        const names = [...new Set(different.map(({ dataset }) => dataset ?? 'marks'))].join(', ');
        throw new DataForgeError(
          'store_unfinished',
          `The copy is not the same as its source (${names}), and stays unfinished; remove it and begin anew.`,
        );
      }
      output.note(`The copy is whole. Serve it with ${settingsOf(target)}.`);
    });
};

/** A bar for copying, then one for comparing. */
class ShownPhases {
  readonly #output: Output;
  #phase: MigrationProgress['phase'] | null = null;
  #bar: Progress | null = null;

  constructor(output: Output) {
    this.#output = output;
  }

  take({ phase, rows, total, before }: MigrationProgress): void {
    if (phase !== this.#phase) {
      this.finish();
      this.#phase = phase;
      if (before > 0)
        this.#output.note(`Going on: ${formatCount(before)} of ${formatCount(total)} rows are there already.`);
      const { err, quiet, json } = this.#output;
      const label = phase === 'copy' ? 'copying' : 'comparing';
      this.#bar = new Progress(quiet || json ? null : err, { label, total: total - before, unit: 'rows' });
    }
    this.#bar?.advance(rows);
  }

  finish(): void {
    this.#bar?.finish();
    this.#bar = null;
  }
}

/** Digits of a checksum that are shown to people. */
const SHOWN_DIGITS = 16;

function comparedTable({ parts }: Migration): string {
  const rows = parts.map(({ dataset, part, source, target, same }) => [
    dataset ?? '(store)',
    part === 'current' ? 'records' : part === 'former' ? 'history' : 'marks',
    String(source.rows),
    source.checksum.slice(0, SHOWN_DIGITS),
    String(target.rows),
    target.checksum.slice(0, SHOWN_DIGITS),
    same ? 'same' : 'DIFFERENT',
  ]);
  return table(['dataset', 'part', 'rows', 'checksum', 'rows of copy', 'checksum of copy', ''], rows);
}

function settingsOf(address: StoreAddress): string {
  const engine = `DB_ENGINE=${address.engine}`;
  if (address.engine === 'postgres') return address.url === null ? engine : `${engine} and its address as DATABASE_URL`;
  return address.folder === null ? engine : `${engine} DATA_DIR=${address.folder}`;
}
