import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const SETTLE_MS = 150;
const POLL_MS = 2000;

/**
 * Calls back once the wanted files of a folder have changed and have been quiet for a moment. The operating system's
 * word is only a hint to look; a slow look of our own serves where it says nothing (network drives, a folder made anew).
 */
export function watchFolder(folder: string, wanted: (name: string) => boolean, onChange: () => void): () => void {
  let known: string | null = null;
  let closed = false;
  let settling: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;

  const look = async () => {
    const seen = await signature(folder, wanted);
    if (closed || seen === known) return;
    const first = known === null;
    known = seen;
    if (!first) onChange();
  };
  const hint = () => {
    clearTimeout(settling);
    settling = setTimeout(look, SETTLE_MS).unref();
  };
  const listen = () => {
    if (watcher !== undefined) return;
    try {
      watcher = watch(folder, { persistent: false }, hint);
      watcher.on('error', () => {
        watcher?.close();
        watcher = undefined;
      });
    } catch {
      watcher = undefined;
    }
  };

  const poll = setInterval(() => {
    listen();
    look();
  }, POLL_MS).unref();
  listen();
  look();
  return () => {
    closed = true;
    clearInterval(poll);
    clearTimeout(settling);
    watcher?.close();
  };
}

/** Names, sizes and times of the wanted files as one text. */
async function signature(folder: string, wanted: (name: string) => boolean): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).filter(wanted).sort();
  const facts = names.map(async (name) => {
    const found = await stat(join(folder, name), { bigint: true }).catch(() => null);
    return `${name}\0${found?.size}\0${found?.mtimeNs}`;
  });
  return (await Promise.all(facts)).join('\n');
}
