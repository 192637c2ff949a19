import { CommanderError } from 'commander';
import { PROBLEMS, toDataForgeError } from '../problem.ts';

/** What the command line ends with; each error code belongs to one (`presentation/problem.ts`). */
export const EXIT_CODES: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'something failed inside',
  2: 'wrong use: an argument, a value, a dataset file or a setting is not valid',
  3: 'not found: no such dataset, record or address',
  4: 'refused: a token is needed, or lacks the right',
  5: 'conflict: the key exists, the version moved, or a dataset file does not fit the store',
  6: 'not available now: no server, a locked store, a time limit',
  7: 'too much: larger than a limit, or than the memory or disk',
  130: 'broken off',
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return PROBLEMS[toDataForgeError(error).code].exit;
}

/** The table for `--help`. */
export function exitCodesHelp(): string {
  const lines = Object.entries(EXIT_CODES).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
  return `Exit codes:\n${lines.join('\n')}`;
}
