/**
 * A value in its canonical form. One type of JavaScript value for each storage type, so that two equal values
 * are the same primitive:
 *
 * | storage type | canonical form |
 * |---|---|
 * | VARCHAR | string |
 * | BIGINT | bigint |
 * | INTEGER, SMALLINT, DOUBLE | number, never NaN, infinite or -0 |
 * | DECIMAL(p,s) | string of digits with exactly `s` places, `-` in front where negative |
 * | BOOLEAN | boolean |
 * | DATE | `YYYY-MM-DD` |
 * | TIME | `HH:MM:SS` and a fraction without trailing zeros |
 * | TIMESTAMP | `YYYY-MM-DDTHH:MM:SS`, such a fraction, `Z` |
 * | UUID | lower-case text |
 * | JSON | JSON text without insignificant white space |
 */
export type Value = string | number | bigint | boolean | null;

/** The values of one record in the order of its dataset's properties. */
export type Row = readonly Value[];
