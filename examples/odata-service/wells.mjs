// Made-up production of the wells of data/well_production.csv, month by month behind the last one there.
import { readFileSync } from 'node:fs';

const FILE = new URL('../data/well_production.csv', import.meta.url);

/** Months that are there from the beginning. */
const FIRST_MONTHS = 12;
const DECLINE = 0.985;

/**
 * The production of all months up to a moment: the first are there at once, one more comes with each span.
 * @param {{started: number, every: number, now: number}} times milliseconds since 1970, and between two months
 */
export function productionUntil({ started, every, now }) {
  const months = FIRST_MONTHS + Math.floor(Math.max(0, now - started) / every);
  return Array.from({ length: months }, (_, month) =>
    productionOf(month, started + (month - FIRST_MONTHS) * every),
  ).flat();
}

/** The production of one month in all wells; `changed` is when the service knew of it, in milliseconds since 1970. */
function productionOf(month, changed) {
  const first = new Date(Date.UTC(LAST.year, LAST.month + 1 + month, 1));
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const period = first.toISOString().slice(0, 7);
  return WELLS.map((well) => ({
    field_code: well.field_code,
    field_name: well.field_name,
    well_code: well.well_code,
    well_name: well.well_name,
    production_period: `${period}-01T00:00:00Z`,
    days_on_production: days,
    oil_kbd: figure(well.oil_kbd, month, well.well_code),
    gas_mmcfd: figure(well.gas_mmcfd, month, well.well_code),
    liquids_kbd: figure(well.liquids_kbd, month, well.well_code),
    water_kbd: figure(well.water_kbd, month, well.well_code),
    data_source: 'odata',
    source_data: `${well.well_code}-${period}`,
    partition: period.slice(0, 4),
    changed_at: new Date(changed).toISOString(),
  }));
}

/** Less with each month, and a little more or less than that. */
function figure(last, month, well) {
  const wave = 1 + 0.03 * Math.sin(month * 1.7 + well);
  return Math.round(last * DECLINE ** (month + 1) * wave * 1000) / 1000;
}

/** The rows of the last month in the file. */
function readWells() {
  const [header = '', ...lines] = readFileSync(FILE, 'utf8').trim().split(/\r?\n/);
  const names = header.split(',');
  const rows = lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(
      names.map((name, at) => [name, /^-?[\d.]+$/.test(values[at]) ? Number(values[at]) : values[at]]),
    );
  });
  const last = rows
    .map(({ production_period }) => production_period)
    .sort()
    .at(-1);
  return { last, wells: rows.filter(({ production_period }) => production_period === last) };
}

const { last, wells: WELLS } = readWells();
const LAST = { year: Number(last.slice(0, 4)), month: Number(last.slice(5, 7)) - 1 };
