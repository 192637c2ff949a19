const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };

/** Milliseconds of a text like `500ms`, `30s`, `10m`, `12h`, `7d`; null where it is none. */
export function parseDuration(text: string): number | null {
  const [, number, unit = ''] = /^([0-9]{1,9}) ?(ms|s|m|h|d)$/.exec(text) ?? [];
  return number === undefined ? null : Number(number) * (UNITS[unit] ?? Number.NaN);
}

/** The shortest text that `parseDuration` reads as these milliseconds. */
export function formatDuration(milliseconds: number): string {
  const units = Object.entries(UNITS).reverse();
  const [unit, size] = units.find(([, size]) => milliseconds >= size && milliseconds % size === 0) ?? ['ms', 1];
  return `${milliseconds / size}${unit}`;
}
