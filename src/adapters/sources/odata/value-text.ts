const [QUOTE, POINT, MINUS, ZERO, NINE] = [0x22, 0x2e, 0x2d, 0x30, 0x39];
/** Digits of a fraction of a second that times here can have. */
const MOST_DIGITS = 6;

/** Whether the bytes from `start` to `end` are a number as JSON writes it, without an exponent. */
export function isNumberText(json: Uint8Array, start: number, end: number): boolean {
  let at = json[start] === MINUS ? start + 1 : start;
  const first = at;
  while (at < end && isDigit(json[at])) at++;
  if (at === first || (json[first] === ZERO && at > first + 1)) return false;
  if (at === end) return true;
  if (json[at] !== POINT) return false;
  const fraction = ++at;
  while (at < end && isDigit(json[at])) at++;
  return at === end && at > fraction;
}

/**
 * Where the zeros are that a time, quoted from `start` to `end`, has behind the sixth digit of its fraction and that say
 * nothing; an empty place at the end where there are none, or where not all of them are zeros.
 */
export function excessZeros(json: Uint8Array, start: number, end: number): readonly [number, number] {
  let point = start;
  while (point < end && json[point] !== POINT) point++;
  let at = point + 1;
  while (at < end && isDigit(json[at])) at++;
  const from = point + 1 + MOST_DIGITS;
  if (json[point] === QUOTE || at <= from) return [end, end];
  for (let zero = from; zero < at; zero++) if (json[zero] !== ZERO) return [end, end];
  return [from, at];
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
