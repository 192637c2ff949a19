import { basename, dirname } from 'node:path';
import type { SourceOpening, Survey, SurveyRequest } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { fileKindOf } from '#formats/file/file-kind.ts';
import { isSqliteFile } from '../shared/is-sqlite-file.ts';
import { findFiles } from './find-files.ts';

/** A file, a folder or a pattern: what has no scheme in front, and is no database. */
export async function surveyFiles({ address }: SurveyRequest, opening: SourceOpening): Promise<Survey | null> {
  if (/^[a-z][a-z+]+:/i.test(address)) return null;
  const [first, ...others] = await findFiles(opening.folder, address);
  if (first === undefined) {
    throw new DataForgeError(
      'source_failed',
      `There is no file that ${address} means, so that nobody can tell the columns.`,
    );
  }
  if (await isSqliteFile(first.path)) return null;
  const isOne = others.length === 0 && first.name === address;
  return {
    members: { path: address },
    name: isOne ? fileKindOf(basename(first.path)).stem : basename(dirname(first.path)),
    notes: [],
    description: null,
    gives: 'new rows',
    incremental: null,
  };
}
