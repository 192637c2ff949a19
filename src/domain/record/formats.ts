import type { ValueFormat } from '../dataset/dataset.ts';

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const GROUP = '[0-9A-Fa-f]{1,4}';
const LAST_TWO = `(?:${GROUP}:${GROUP}|${IPV4})`;

/** RFC 4291: eight groups, one run of them may be `::`, the last two may be an IPv4 address. */
const IPV6 = [
  `(?:${GROUP}:){6}${LAST_TWO}`,
  `::(?:${GROUP}:){5}${LAST_TWO}`,
  `(?:${GROUP})?::(?:${GROUP}:){4}${LAST_TWO}`,
  `(?:(?:${GROUP}:){0,1}${GROUP})?::(?:${GROUP}:){3}${LAST_TWO}`,
  `(?:(?:${GROUP}:){0,2}${GROUP})?::(?:${GROUP}:){2}${LAST_TWO}`,
  `(?:(?:${GROUP}:){0,3}${GROUP})?::${GROUP}:${LAST_TWO}`,
  `(?:(?:${GROUP}:){0,4}${GROUP})?::${LAST_TWO}`,
  `(?:(?:${GROUP}:){0,5}${GROUP})?::${GROUP}`,
  `(?:(?:${GROUP}:){0,6}${GROUP})?::`,
].join('|');

/** What each `format` means, as RE2 syntax over the whole value. */
export const FORMAT_PATTERNS: Readonly<Record<ValueFormat, string>> = {
  email: `^[A-Za-z0-9.!#$%&'*+/=?^_\`{|}~-]+@${LABEL}(?:\\.${LABEL})*$`,
  uri: "^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$",
  hostname: `^${LABEL}(?:\\.${LABEL})*$`,
  ipv4: `^${IPV4}$`,
  ipv6: `^(?:${IPV6})$`,
};

export const VALUE_FORMATS = Object.keys(FORMAT_PATTERNS) as readonly ValueFormat[];
