import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The time as names of files have it: their order is that of time. */
export function timeInName(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[:.]/g, '-');
}

/** A name of a pipeline as names of files may have it. */
export function nameInPath(pipeline: string): string {
  return pipeline.replace(/[^\p{L}\p{N}_-]/gu, '_').slice(0, 60);
}

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z`;

/**
 * Deletes files of a folder whose names are the prefix, a time and what the suffix takes: all but the newest ones.
 * @returns how many it deleted
 */
export async function deleteOlder(folder: string, prefix: string, suffix: RegExp, keep: number): Promise<number> {
  const pattern = new RegExp(`^${RegExp.escape(prefix)}${TIME}${suffix.source}$`);
  const files = (await readdir(folder)).filter((name) => pattern.test(name)).sort();
  const old = files.slice(0, Math.max(0, files.length - keep));
  for (const name of old) await rm(join(folder, name), { force: true });
  return old.length;
}
