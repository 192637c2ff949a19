/** One entry of an `Accept…` header. */
interface Preference {
  readonly name: string;
  readonly quality: number;
  readonly place: number;
}

/**
 * Chooses among media types by an `Accept` header (RFC 9110): the best quality, then the client's order, then ours.
 * @returns null where none is acceptable; the first offer where there is no header
 */
export function negotiateType<T extends string>(header: string | undefined, offers: readonly T[]): T | null {
  const [first] = offers;
  if (header === undefined || header === '' || header === '*/*') return first ?? null;
  const preferences = readPreferences(header);
  let best: { offer: T; quality: number; place: number } | null = null;
  for (const offer of offers) {
    const preference = mostSpecific(preferences, offer);
    if (preference === null || preference.quality <= 0) continue;
    const { quality, place } = preference;
    if (best === null || quality > best.quality || (quality === best.quality && place < best.place)) {
      best = { offer, quality, place };
    }
  }
  return best?.offer ?? null;
}

export type ContentCoding = 'zstd' | 'br' | 'gzip' | 'identity';

const CODINGS: readonly ContentCoding[] = ['zstd', 'br', 'gzip', 'identity'];

/** Chooses a content coding by an `Accept-Encoding` header; among equals the one that costs least for its size. */
export function negotiateCoding(header: string | undefined): ContentCoding {
  if (header === undefined || header === '' || header === 'identity') return 'identity';
  const preferences = readPreferences(header);
  let best: ContentCoding = 'identity';
  let bestQuality = 0;
  for (const coding of CODINGS) {
    const named = preferences.find(({ name }) => name === coding) ?? preferences.find(({ name }) => name === '*');
    const quality = named?.quality ?? (coding === 'identity' ? 0.0001 : 0);
    if (quality > bestQuality) {
      best = coding;
      bestQuality = quality;
    }
  }
  return best;
}

function readPreferences(header: string): Preference[] {
  return header.split(',', 100).map((entry, place) => {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const quality = weight === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0;
    return { name, quality, place };
  });
}

function mostSpecific(preferences: readonly Preference[], offer: string): Preference | null {
  const family = `${offer.slice(0, offer.indexOf('/'))}/*`;
  for (const name of [offer, family, '*/*']) {
    const found = preferences.find((preference) => preference.name === name);
    if (found) return found;
  }
  return null;
}
