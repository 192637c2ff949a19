const DAY_SECONDS = 86_400;
/** The engine's words for the ends of time, which no calendar has. */
const MOST_DAYS = 2 ** 31 - 1;
const MOST_MOMENT = 2n ** 63n - 1n;

/** The ISO 8601 date of so many days since 1970; years outside 0000 to 9999 have a sign and six digits. */
export function dateText(days: number): string {
  if (days === MOST_DAYS) return 'infinity';
  if (days === -MOST_DAYS) return '-infinity';
  // Years are counted from March of year 0 in cycles of 400, so that the day added every fourth year comes last.
  const shifted = days + 719_468;
  const cycle = Math.floor(shifted / 146_097);
  const day = shifted - cycle * 146_097;
  const yearOfCycle = Math.floor(
    (day - Math.floor(day / 1460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365,
  );
  const dayOfYear = day - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  const year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0);
  const yearText =
    year >= 0 && year <= 9999
      ? String(year).padStart(4, '0')
      : `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
  return `${yearText}-${twoDigits(month)}-${twoDigits(dayOfMonth)}`;
}

/** `HH:MM:SS` and a fraction where there is one, of a count of the unit that has so many digits. */
export function clockText(count: bigint, digits: number): string {
  const { seconds, fraction } = split(count, digits);
  return clockOf(Number(seconds)) + fraction;
}

/** The moment so long since 1970. */
export function momentText(count: bigint, digits: number, zone: string): string {
  if (count === MOST_MOMENT) return 'infinity';
  if (count === -MOST_MOMENT) return '-infinity';
  const unit = 10 ** digits;
  let seconds = Number(count / BigInt(unit));
  let rest = Number(count % BigInt(unit));
  if (rest < 0) {
    seconds--;
    rest += unit;
  }
  const days = Math.floor(seconds / DAY_SECONDS);
  return `${dateText(days)}T${clockOf(seconds - days * DAY_SECONDS)}${fractionText(rest, digits)}${zone}`;
}

function clockOf(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}`;
}

/** An ISO 8601 duration; each part has its own sign, as the engine keeps them apart. */
export function intervalText(months: number, days: number, nanoseconds: bigint): string {
  const [years, rest] = [Math.trunc(months / 12), months % 12];
  const sign = nanoseconds < 0n ? '-' : '';
  const { seconds, fraction } = split(nanoseconds < 0n ? -nanoseconds : nanoseconds, 9);
  const [hours, minutes, second] = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n];
  const date = [part(years, 'Y'), part(rest, 'M'), part(days, 'D')].join('');
  const secondText = second === 0n && fraction === '' ? '' : `${sign}${second}${fraction}S`;
  const time = [hours === 0n ? '' : `${sign}${hours}H`, minutes === 0n ? '' : `${sign}${minutes}M`, secondText].join(
    '',
  );
  return date === '' && time === '' ? 'PT0S' : `P${date}${time === '' ? '' : `T${time}`}`;
}

function part(value: number, letter: string): string {
  return value === 0 ? '' : `${value}${letter}`;
}

function split(count: bigint, digits: number): { seconds: bigint; fraction: string } {
  const unit = 10n ** BigInt(digits);
  return { seconds: count / unit, fraction: fractionText(Number(count % unit), digits) };
}

function fractionText(rest: number, digits: number): string {
  return rest === 0 ? '' : `.${String(rest).padStart(digits, '0').replace(/0+$/, '')}`;
}

const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

function twoDigits(value: number): string {
  return TWO_DIGITS[value] ?? String(value);
}
