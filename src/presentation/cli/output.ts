import { DataForgeError, type Fault } from '#domain/errors.ts';
import { type Json, writeJson } from '#domain/record/json.ts';
import { problemOf } from '../problem.ts';

/** A stream of text, as `process.stdout` is one. */
export interface TextSink {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string | Uint8Array): boolean;
  once?(event: 'drain', listener: () => void): unknown;
}

/** Answers go to `out`, everything said about them to `err`, so that a pipe gets the answer alone. */
export class Output {
  readonly out: TextSink;
  readonly err: TextSink;
  /** Answers as JSON, one document, or one a line where there are many. */
  readonly json: boolean;
  readonly quiet: boolean;

  constructor(out: TextSink, err: TextSink, options: { readonly json: boolean; readonly quiet: boolean }) {
    this.out = out;
    this.err = err;
    this.json = options.json;
    this.quiet = options.quiet;
  }

  line(text: string): void {
    this.out.write(`${text}\n`);
  }

  /** The answer as JSON where that was asked for, else as `text` says. */
  answer(json: Json, text: () => string): void {
    this.line(this.json ? writeJson(json) : text());
  }

  /** A word beside the answer. */
  note(text: string): void {
    if (!this.quiet && !this.json) this.err.write(`${text}\n`);
  }

  /** Writes and waits until the other side has room. */
  async bytes(chunk: Uint8Array): Promise<void> {
    if (!this.out.write(chunk)) await new Promise<void>((resolve) => this.out.once?.('drain', resolve) ?? resolve());
  }

  error(error: unknown): void {
    const problem = problemOf(error);
    if (this.json) {
      this.err.write(`${JSON.stringify(problem)}\n`);
      return;
    }
    const lines = error instanceof DataForgeError ? faultLines(error, problem.detail) : [];
    const text = lines.length === 0 ? problem.detail : [`${problem.title}:`, ...lines].join('\n  ');
    this.err.write(`forge: ${text}\n`);
    // What we could not explain is ours to find, so a person at a terminal sees it.
    if (problem.code === 'internal') this.err.write(`${stackOf(error)}\n`);
  }
}

const SHOWN_FAULTS = 20;

/** What is wrong, a line each, where the detail does not say all of it: rows of a file with their lines, else values. */
function faultLines({ faults, details }: DataForgeError, detail: string): string[] {
  const rows = Array.isArray(details.rejections) ? (details.rejections as readonly Rejection[]) : [];
  const all =
    rows.length > 0
      ? rows.map(({ line, errors }) => `line ${line}: ${errors.map(({ message }) => message).join(' ')}`)
      : faults.map(({ message }) => message);
  if (rows.length === 0 && (faults.length < 2 || all.every((line) => detail.includes(line)))) return [];
  const more = all.length > SHOWN_FAULTS ? [`and ${all.length - SHOWN_FAULTS} more`] : [];
  return [...all.slice(0, SHOWN_FAULTS), ...more];
}

interface Rejection {
  readonly line: number;
  readonly errors: readonly Fault[];
}

function stackOf(error: unknown): string {
  const inner = error instanceof DataForgeError ? (error.cause ?? error) : error;
  return inner instanceof Error ? (inner.stack ?? inner.message) : String(inner);
}

/** Columns side by side, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, at) => Math.max(...all.map((row) => displayWidth(row[at] ?? ''))));
  const numeric = header.map((_, at) => rows.length > 0 && rows.every((row) => /^-?[\d.,]*$/.test(row[at] ?? '')));
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => {
        const space = ' '.repeat((widths[at] ?? 0) - displayWidth(cell));
        return numeric[at] ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

/** Places that a text takes on a terminal, near enough. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    width += /\p{M}/u.test(character) ? 0 : /[\u1100-\u115f\u2e80-\uffe6\u{1f300}-\u{1faff}]/u.test(character) ? 2 : 1;
  }
  return width;
}
