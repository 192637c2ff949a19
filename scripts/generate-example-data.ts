// node scripts/generate-example-data.ts: writes examples/data/*.csv. The same rows on every run and on every machine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FIELDS = [
  'Alder',
  'Birch',
  'Cedar',
  'Dogwood',
  'Elm',
  'Fir',
  'Ginkgo',
  'Hazel',
  'Ironwood',
  'Juniper',
  'Katsura',
  'Larch',
];
const WELLS_PER_FIELD = 8;
const FIRST_YEAR = 2021;
const WELL_MONTHS = 36;
const PRICE_MONTHS = 120;

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function month(year: number, at: number): { text: string; days: number } {
  const start = new Date(Date.UTC(year, at, 1));
  const days = new Date(Date.UTC(year, at + 1, 0)).getUTCDate();
  return { text: start.toISOString().slice(0, 10), days };
}

function wellProduction(): string[] {
  const random = randomFrom(20240115);
  const lines = [
    'field_code,field_name,well_code,well_name,production_period,days_on_production,oil_kbd,gas_mmcfd,liquids_kbd,water_kbd,data_source,source_data,partition',
  ];
  FIELDS.forEach((field, f) => {
    const fieldCode = 101 + f;
    for (let w = 1; w <= WELLS_PER_FIELD; w++) {
      const wellCode = fieldCode * 100 + w;
      const start = 0.3 + random() * 4;
      const decline = 0.985 - random() * 0.02;
      const gasRatio = 0.5 + random() * 3;
      for (let m = 0; m < WELL_MONTHS; m++) {
        const { text, days } = month(FIRST_YEAR, m);
        const uptime = random() < 0.06 ? Math.floor(random() * days) : days;
        const oil = start * decline ** m * (0.95 + random() * 0.1) * (uptime / days);
        const water = start * (1 - decline ** m) * (0.9 + random() * 0.2) * (uptime / days);
        const figures = [oil, oil * gasRatio, oil * 0.08 * random(), water].map((figure) => figure.toFixed(3));
        // A meter that failed now and then: an empty cell is null.
        if (random() < 0.01) figures[3] = '';
        lines.push(
          [
            fieldCode,
            field,
            wellCode,
            `${field} ${w}`,
            text,
            uptime,
            ...figures,
            'allocation',
            `${wellCode}-${text.slice(0, 7)}`,
            text.slice(0, 4),
          ].join(','),
        );
      }
    }
  });
  return lines;
}

function fieldsPrices(): string[] {
  const random = randomFrom(19700101);
  const lines = [
    'field_code,field_name,price_period,currency,oil_price,gas_price,liquids_price,data_source,source_data,partition',
  ];
  FIELDS.forEach((field, f) => {
    const fieldCode = 101 + f;
    const discount = random() * 6;
    let market = 62;
    for (let m = 0; m < PRICE_MONTHS; m++) {
      const { text } = month(FIRST_YEAR - 7, m);
      market = Math.min(120, Math.max(22, market * (0.94 + random() * 0.125)));
      const oil = market - discount;
      const prices = [oil, 1.6 + market / 25 + random(), oil * (0.55 + random() * 0.1)].map((price) =>
        price.toFixed(4),
      );
      const key = `${fieldCode}-${text.slice(0, 7)}`;
      lines.push([fieldCode, field, text, 'USD', ...prices, 'marketing', key, text.slice(0, 4)].join(','));
    }
  });
  return lines;
}

const folder = new URL('../examples/data/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, lines] of Object.entries({ well_production: wellProduction(), fields_prices: fieldsPrices() })) {
  writeFileSync(fileURLToPath(new URL(`${name}.csv`, folder)), `${lines.join('\n')}\n`);
}
