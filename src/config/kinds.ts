import { resolve } from 'node:path';
import { didYouMean } from '#domain/text/suggest.ts';

/** Why a text is no value of a setting, as the end of a sentence that begins with the setting's name. */
export class BadSetting extends Error {}

/** A kind of setting: how its text is read, and how people are told what to write. */
export interface Kind<T> {
  /** For docs: `integer from 1`, `one of json, pretty`. */
  readonly words: string;
  /** For `--help`: `--port <number>`; null for a flag without a value. */
  readonly placeholder: string | null;
  /** @throws BadSetting */
  readonly read: (text: string, folder: string) => T;
}

export function text(words = 'text'): Kind<string> {
  return { words, placeholder: 'text', read: (value) => value };
}

export const path: Kind<string> = {
  words: 'path, from the current folder',
  placeholder: 'path',
  read: (value, folder) => resolve(folder, value),
};

/** The same, or null for no text. */
export const optionalPath: Kind<string | null> = {
  ...path,
  read: (value, folder) => (value === '' ? null : resolve(folder, value)),
};

export function integer(least: number, most = Number.MAX_SAFE_INTEGER): Kind<number> {
  const words =
    most === Number.MAX_SAFE_INTEGER ? `whole number from ${least}` : `whole number from ${least} to ${most}`;
  const read = (value: string) => {
    const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new BadSetting(`must be a ${words}, not "${value}"`);
  };
  return { words, placeholder: 'number', read };
}

/** A number from 0 to 1. */
export const part: Kind<number> = {
  words: 'number from 0 to 1',
  placeholder: 'number',
  read: (value) => {
    const number = /^[0-9]*\.?[0-9]+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= 0 && number <= 1) return number;
    throw new BadSetting(`must be a number from 0 to 1, not "${value}"`);
  },
};

/** An address on the web, or empty. */
export const webAddress: Kind<string> = {
  words: 'address like http://localhost:4318',
  placeholder: 'address',
  read: (value) => {
    if (value === '' || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol))) return value;
    throw new BadSetting(`must be an address like http://localhost:4318, not "${value}"`);
  },
};

/** Headers of HTTP as OpenTelemetry writes them: `name=value` with commas between, values percent-encoded. Messages never repeat a value. */
export const headers: Kind<Readonly<Record<string, string>>> = {
  words: 'list with commas, of name=value',
  placeholder: 'list',
  read: (value) =>
    Object.fromEntries(
      items(value).map((item, at) => {
        const [, name, text = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([\x20-\x7e]*)$/.exec(item) ?? [];
        if (name === undefined) throw new BadSetting(`must be name=value with commas between; header ${at + 1} is not`);
        try {
          return [name, decodeURIComponent(text)];
        } catch {
          throw new BadSetting(`must have values with % as %25; that of "${name}" has not`);
        }
      }),
    ),
};

export const flag: Kind<boolean> = {
  words: 'true or false',
  placeholder: null,
  read: (value) => {
    const word = value.toLowerCase();
    if (['true', '1', 'yes', 'on'].includes(word)) return true;
    if (['false', '0', 'no', 'off'].includes(word)) return false;
    throw new BadSetting(`must be true or false, not "${value}"`);
  },
};

export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  return { words: `one of ${words.join(', ')}`, placeholder: words.join('|'), read: (value) => oneOf(value, words) };
}

function oneOf<T extends string>(value: string, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  throw new BadSetting(`must be one of ${words.join(', ')}, not "${value}"${didYouMean(value, words)}`);
}

export function choices<const T extends string>(...words: readonly T[]): Kind<readonly T[]> {
  const read = (value: string) => [...new Set(items(value).map((item) => oneOf(item, words)))];
  return { words: `list with commas, of ${words.join(', ')}`, placeholder: 'list', read };
}

/** A list of texts that must look like something. */
export function listOf(what: string, isItem: (item: string) => boolean): Kind<readonly string[]> {
  const read = (value: string) => {
    const bad = items(value).find((item) => !isItem(item));
    if (bad !== undefined) throw new BadSetting(`must be a list of ${what} with commas; "${bad}" is none`);
    return items(value);
  };
  return { words: `list with commas, of ${what}`, placeholder: 'list', read };
}

/** The parts of a list with commas; none for an empty text. */
export function items(value: string): string[] {
  return value.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

export const bytes: Kind<number> = {
  words: 'size like 512MB or 2GiB',
  placeholder: 'size',
  read: (value) => {
    const parts = /^([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)$/i.exec(value);
    const unit = BYTE_UNITS[(parts?.[2] ?? '?').toUpperCase()];
    const size = Math.floor(Number(parts?.[1]) * (unit ?? Number.NaN));
    if (Number.isSafeInteger(size) && size > 0) return size;
    throw new BadSetting(`must be a size like 512MB or 2GiB, not "${value}"`);
  },
};

const TIME_UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };

/** A span of time in milliseconds, or null for the word `all`. */
export const retention: Kind<number | null> = {
  words: 'all, or a span like 12h or 30d',
  placeholder: 'span',
  read: (value) => {
    if (value === 'all') return null;
    const parts = /^([0-9]{1,6})\s*([smhd])$/.exec(value);
    const span = Number(parts?.[1]) * (TIME_UNITS[parts?.[2] ?? ''] ?? Number.NaN);
    if (span > 0) return span;
    throw new BadSetting(`must be all, or a span like 12h or 30d, not "${value}"`);
  },
};

const FLIGHT_ADDRESS = /^grpc(\+tls)?:\/\/([^\s/:]+|\[[\da-f:.]+\]):\d+$/i;

export const flightAddress: Kind<string | null> = {
  words: 'URL like grpc://HOST:PORT or grpc+tls://HOST:PORT',
  placeholder: 'url',
  read: (value) => {
    if (FLIGHT_ADDRESS.test(value) && URL.canParse(value)) return value;
    throw new BadSetting(`must be a URL like grpc://HOST:PORT or grpc+tls://HOST:PORT, not "${value}"`);
  },
};

/** The word `auto` stands for what the machine gives. */
export function auto<T>(kind: Kind<T>, measure: () => T): Kind<T> {
  return {
    words: `auto, or a ${kind.words}`,
    placeholder: kind.placeholder,
    read: (value, folder) => (value === 'auto' ? measure() : kind.read(value, folder)),
  };
}
