import { open } from 'node:fs/promises';

/** How a file of SQLite begins. */
const SQLITE_MAGIC = 'SQLite format 3\0';

/** Whether a file begins as those of SQLite do. */
export async function isSqliteFile(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    const { buffer } = await file.read(Buffer.alloc(SQLITE_MAGIC.length), 0, SQLITE_MAGIC.length, 0);
    return buffer.toString('latin1') === SQLITE_MAGIC;
  } catch {
    return false;
  } finally {
    await file.close();
  }
}
