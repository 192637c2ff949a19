/** The 128-bit number at a place of a DECIMAL column, given as 64-bit words, low before high. */
export function wideAt(words: BigInt64Array, at: number): bigint {
  return ((words[2 * at + 1] ?? 0n) << 64n) | BigInt.asUintN(64, words[2 * at] ?? 0n);
}

export function setWide(words: BigInt64Array, at: number, value: bigint): void {
  words[2 * at] = BigInt.asIntN(64, value);
  words[2 * at + 1] = BigInt.asIntN(64, value >> 64n);
}

/** Digits with exactly `scale` places, of a number counted in its last place. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The opposite: the number a canonical decimal is in its last place. */
export function unscaledOf(decimal: string): bigint {
  return BigInt(decimal.replace('.', ''));
}
