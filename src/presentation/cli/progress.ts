import type { TextSink } from './output.ts';

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5000;
const BAR_WIDTH = 24;

export interface ProgressOptions {
  readonly label: string;
  /** How much there is in all, in the unit of `advance`; null where nobody knows. */
  readonly total: number | null;
  /** What is counted in `advance`: bytes are shown as sizes. */
  readonly unit: 'bytes' | 'rows';
  readonly now?: () => number;
}

/**
 * A bar that is drawn anew on a terminal; in a pipe, a plain line every few seconds. `rows` may be told beside the
 * bytes, and give the rows a second.
 */
export class Progress {
  readonly #sink: TextSink | null;
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  readonly #started: number;
  #done = 0;
  #rows: number | null = null;
  #drawn: number;
  #isShown: boolean;
  #isFinished = false;
  #timer: NodeJS.Timeout | null = null;

  /** Nothing is shown where `sink` is null. */
  constructor(sink: TextSink | null, options: ProgressOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#started = this.#now();
    this.#isShown = sink?.isTTY === true;
    this.#drawn = sink?.isTTY ? Number.NEGATIVE_INFINITY : this.#started;
  }

  advance(amount: number): void {
    this.#done += amount;
    if (this.#isAllSent() && this.#sink?.isTTY && this.#timer === null) {
      this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
      this.#timer.unref();
    }
    this.#draw();
  }

  rows(count: number): void {
    this.#rows = count;
    this.#draw();
  }

  /** Draws the last state and leaves the line; in a pipe only where a line came before, for work that took a while. */
  finish(): void {
    this.stop();
    this.#isFinished = true;
    if (this.#sink?.isTTY) this.#sink.write(`\r${this.#text()}\u001b[K\n`);
    else if (this.#isShown) this.#sink?.write(`${this.#text()}\n`);
  }

  /** Draws no more; for work that broke off. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** All bytes are read, and what they hold is being stored. */
  #isAllSent(): boolean {
    const { total, unit } = this.#options;
    return unit === 'bytes' && total !== null && this.#done >= total;
  }

  #draw(): void {
    const now = this.#now();
    if (this.#sink === null || now - this.#drawn < (this.#sink.isTTY ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#drawn = now;
    this.#isShown = true;
    if (this.#sink.isTTY) this.#sink.write(`\r${this.#text().slice(0, (this.#sink.columns ?? 80) - 1)}\u001b[K`);
    else this.#sink.write(`${this.#text()}\n`);
  }

  #text(): string {
    const { label, total, unit } = this.#options;
    const seconds = Math.max((this.#now() - this.#started) / 1000, 0.001);
    const rows = unit === 'rows' ? this.#done : this.#rows;
    const share = total === null || total === 0 ? null : Math.min(this.#done / total, 1);
    const parts = [label];
    if (share !== null) {
      const full = Math.round(share * BAR_WIDTH);
      if (this.#sink?.isTTY) parts.push(`${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`);
      parts.push(`${Math.floor(share * 100)} %`);
    }
    if (unit === 'bytes') parts.push(formatBytes(this.#done));
    if (this.#isAllSent() && !this.#isFinished) return [...parts, 'storing', formatTime(seconds)].join('  ');
    if (rows !== null) parts.push(`${formatCount(rows)} rows`, `${formatCount(Math.round(rows / seconds))} rows/s`);
    else parts.push(`${formatBytes(this.#done / seconds)}/s`);
    parts.push(
      share === null || share === 1 || share === 0
        ? formatTime(seconds)
        : `${formatTime(seconds / share - seconds)} left`,
    );
    return parts.join('  ');
  }
}

/** `1 234 567`, with thin breaks that do not wrap. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(size) : size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
}

export function formatTime(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
