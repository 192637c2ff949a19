import { basename } from 'node:path';
import type { SourceOpening } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { optional, text, withDefault, word } from '#domain/file/option.ts';
import type { ValuesOf } from '#domain/file/option-group.ts';
import { tsvToCsv } from '#formats/csv/tsv-to-csv.ts';
import { fileKindOf } from '#formats/file/file-kind.ts';
import { jsonArrayLines } from '#formats/json/array-lines.ts';
import { cutBatches, type Piece } from '../shared/cut-batches.ts';
import { defineSource } from '../shared/define-source.ts';
import { BODY_START, type BodyPlace, resumableRecords } from '../shared/resumable-records.ts';
import { type FoundFile, findFiles } from './find-files.ts';
import { openFile } from './open-file.ts';
import { surveyFiles } from './survey-files.ts';

const FORMATS = ['csv', 'tsv', 'ndjson', 'json', 'parquet', 'arrow'] as const;
type Format = (typeof FORMATS)[number];

const options = {
  path: text('A file, a folder, or a pattern like inbox/*.csv.gz, from the folder of the pipeline files.'),
  format: optional(word('What the files are; the endings of their names tell where this is left out.', FORMATS)),
  changed: withDefault(
    word(
      'What becomes of a file that was read before and was written since: all of it is read again, only what was added behind, or nothing.',
      ['again', 'added', 'ignored'],
    ),
    'again',
  ),
};

type FilesOptions = ValuesOf<typeof options>;

/** Which files have been read, and how far the one is that was being read. */
interface FilesCursor {
  readonly [member: string]: unknown;
  readonly read: Readonly<Record<string, ReadFile>>;
  readonly current: { readonly name: string; readonly signature: string; readonly place: BodyPlace } | null;
}

/** A signature, and where the file can grow, how much of it was read. */
interface ReadFile {
  readonly signature: string;
  readonly place: BodyPlace | null;
}

/** Files and folders: CSV, TSV, JSON, NDJSON, Parquet and Arrow, with gzip or zstd. Each file is read once. */
export const filesSource = defineSource({
  kind: 'files',
  description: 'Files and folders',
  options,
  open: (given, opening) => cutBatches(piecesOfAll(given, opening), opening),
  lastChange,
  survey: surveyFiles,
});

/** When the last of the files has come or was written to. A folder that is not there yet has none. */
async function lastChange(
  { path }: FilesOptions,
  { folder, before }: { readonly folder: string; readonly before: number },
): Promise<number> {
  const files = await findFiles(folder, path).catch((error: unknown) => {
    if (error instanceof DataForgeError && error.code === 'source_failed') return [];
    throw error;
  });
  return files.reduce((last, { changedAt }) => (changedAt <= before ? Math.max(last, changedAt) : last), 0);
}

async function* piecesOfAll(given: FilesOptions, opening: SourceOpening): AsyncGenerator<Piece> {
  let cursor = (opening.cursor as FilesCursor | null) ?? { read: {}, current: null };
  const found = await findFiles(opening.folder, given.path);
  const { settle = 0, clock } = opening;
  const files = settle === 0 ? found : found.filter(({ changedAt }) => changedAt <= clock.now() - settle);
  for (const [index, file] of files.entries()) {
    const from = startOf(cursor, file, given);
    if (from === 'nowhere') continue;
    let place: BodyPlace | null = from ?? BODY_START;
    opening.note(`Reading ${file.name}`);
    for await (const piece of piecesOf(file, given, from, opening)) {
      place = piece.place;
      const current = place && { name: file.name, signature: file.signature, place };
      if (piece.kind === 'records') yield { ...piece, cursor: { ...cursor, current }, part: index / files.length };
      else yield { ...piece, cursor: behind(cursor, file, null), part: (index + 1) / files.length };
    }
    cursor = behind(cursor, file, place);
    if (place !== null) yield { kind: 'records', format: 'ndjson', header: null, bytes: new Uint8Array(0), cursor };
  }
}

/** Where to begin in a file; nowhere where all of it was read. */
function startOf(
  { read, current }: FilesCursor,
  file: FoundFile,
  { changed }: FilesOptions,
): BodyPlace | null | 'nowhere' {
  if (current?.name === file.name && (current.signature === file.signature || changed === 'added'))
    return current.place;
  const known = Object.hasOwn(read, file.name) ? read[file.name] : undefined;
  if (known === undefined) return null;
  if (known.signature === file.signature || changed === 'ignored') return 'nowhere';
  return changed === 'added' ? known.place : null;
}

function behind({ read }: FilesCursor, { name, signature }: FoundFile, place: BodyPlace | null): FilesCursor {
  return { read: { ...read, [name]: { signature, place } }, current: null };
}

type FilePiece =
  | (Omit<Piece & { kind: 'records' }, 'cursor'> & { readonly place: BodyPlace })
  | (Omit<Piece & { kind: 'whole' }, 'cursor'> & { readonly place: null });

async function* piecesOf(
  file: FoundFile,
  { format: named }: FilesOptions,
  from: BodyPlace | null,
  { signal, batch }: SourceOpening,
): AsyncGenerator<FilePiece> {
  const kind = fileKindOf(basename(file.path));
  const format: Format | null = named ?? (kind.ending === 'tsv' || kind.ending === 'tab' ? 'tsv' : kind.format);
  if (format === null) throw unknownFormat(file);
  const body = openFile(file.path, kind.coding, signal);
  if (format === 'parquet' || format === 'arrow') {
    yield { kind: 'whole', rows: { format, body }, place: null };
    return;
  }
  const lines = format === 'json' ? jsonArrayLines(body) : format === 'tsv' ? tsvToCsv(body) : body;
  const records = format === 'csv' || format === 'tsv' ? 'csv' : 'ndjson';
  for await (const { bytes, header, place } of resumableRecords(lines, records, from, batch.bytes)) {
    yield { kind: 'records', format: records, header, bytes, place };
  }
}

function unknownFormat({ name }: FoundFile): DataForgeError {
  const message = `The format of ${name} is not known by its name; write format: with one of ${FORMATS.join(', ')}.`;
  return new DataForgeError('source_failed', message);
}
