import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StorageEngine } from '#application/ports/storage-engine.ts';
import { dataset, property } from '../support/dataset-builders.ts';
import { ForgeCommand, forge } from '../support/forge-command.ts';
import { describeLeftOut, POSTGRES_MISSING } from '../support/postgres-database.ts';
import { onServer } from '../support/postgres-server.ts';
import { MAY_MOUNT, SmallDisk } from '../support/small-disk.ts';
import { ndjson, StoreDriver } from '../support/store-driver.ts';
import { newPlace, type TransferEngine, type TransferPlace, using } from '../support/transfer-places.ts';

const events = dataset('events', [property('n', 'INTEGER', { index: true }), property('text', 'VARCHAR')]);
const keyed = dataset('keyed', [property('k', 'INTEGER'), property('n', 'DOUBLE')], { primaryKey: ['k'] });

/** As many as take a second or so to copy. */
const ROWS = 60_000;

let folder: string;
const places: TransferPlace[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-forge-migrate-'));
});
afterEach(async () => {
  await Promise.all(places.splice(0).map((place) => place.dispose()));
  await rm(folder, { recursive: true, force: true });
});

async function place(engine: TransferEngine): Promise<TransferPlace> {
  const made = await newPlace(engine);
  places.push(made);
  return made;
}

/** @returns the number of the last change */
async function fill(engine: StorageEngine, rows: number): Promise<number> {
  const store = new StoreDriver(engine);
  for (const each of [events, keyed]) await store.use(each);
  await store.load(events, ndjson(Array.from({ length: rows }, (_, n) => ({ n, text: `the event ${n}` }))));
  await store.load(keyed, ndjson(Array.from({ length: rows / 2 }, (_, k) => ({ k, n: k / 3 }))));
  const changed = Array.from({ length: rows / 4 }, (_, k) => ({ k, n: -1 - k }));
  await store.load(keyed, ndjson(changed), { onConflict: 'update' });
  return engine.changes.head();
}

const migrate = (from: TransferPlace, to: TransferPlace, ...more: string[]) => [
  'migrate',
  '--from',
  from.address,
  '--to',
  to.address,
  ...more,
];

const needsServer = (pair: readonly TransferEngine[]) => pair.includes('postgres');
const KILLED_PAIRS = (
  [
    ['duckdb', 'sqlite'],
    ['sqlite', 'duckdb'],
    ['duckdb', 'postgres'],
    ['postgres', 'sqlite'],
  ] as const
).filter((pair) => POSTGRES_MISSING === null || !needsServer(pair));

/** Most kills of a copy; three that met it half done are enough. */
const KILLS = 8;
const MET = 3;

describe('a copy that is killed goes on with the same command', () => {
  test.each(KILLED_PAIRS)('%s to %s', { timeout: 300_000 }, async (from, to) => {
    const [source, target] = [await place(from), await place(to)];
    const head = await using(source, (engine) => fill(engine, ROWS));
    let unfinished = 0;
    for (let kills = 0; kills < KILLS && unfinished < MET; kills++) {
      const command = new ForgeCommand(migrate(source, target));
      // Not before it has begun: starting takes the longest.
      await Promise.race([command.ended, untilBegun(target, to)]);
      await sleep(Math.random() * 1000);
      command.kill('SIGKILL');
      const { code, err } = await command.ended;
      expect([0, null], err).toContain(code);
      if (code === 0) break;
      const opened = await target.open().then(
        async (engine) => engine.maintenance.close(),
        (error) => error,
      );
      if (opened?.code === 'store_unfinished') unfinished++;
    }
    expect(unfinished).toBeGreaterThan(0);
    const { code, out, err } = await forge(migrate(source, target));
    expect(code, err).toBe(0);
    expect(out.match(/ same$/gm)).toHaveLength(5);
    expect(out).toMatch(/^events +records +60000 +[0-9a-f]{16} +60000 /m);
    expect(out).toMatch(/^keyed +history +15000 +[0-9a-f]{16} +15000 /m);
    const again = await forge(migrate(source, target));
    expect(again).toMatchObject({ code: 0, out });
    await using(target, async (engine) => {
      expect(engine.changes.head()).toBe(head);
      expect(await new StoreDriver(engine).count(keyed, [{ field: 'n', operator: 'lt', value: 0 }])).toBe(15_000);
    });
  });
});

/** Resolves when there is something of a copy, or after a while. */
async function untilBegun({ address }: TransferPlace, engine: TransferEngine): Promise<void> {
  const data = address.slice(address.indexOf(':') + 1);
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (engine === 'postgres' ? await hasNote(address) : (await readdir(data)).some((name) => name.endsWith(engine)))
      return;
    await sleep(50);
  }
}

function hasNote(url: string): Promise<boolean> {
  const sql = `SELECT 1 FROM data_forge."forge.marks" WHERE kind = 'migration'`;
  return onServer(url, (client) => client.query(sql)).then(
    ({ rows }) => rows.length > 0,
    () => false,
  );
}

describe('the command', () => {
  test.each(['duckdb', 'sqlite'] as const)('leaves the files of a source on %s as they are', async (engine) => {
    const [source, target] = [await place(engine), await place('sqlite')];
    await using(source, (opened) => fill(opened, 100));
    const data = source.address.slice(engine.length + 1);
    const sums = async () => {
      const names = (await readdir(data)).filter((name) => /^store\.(duckdb|sqlite)$/.test(name));
      return Promise.all(
        names.map(async (name) =>
          createHash('sha256')
            .update(await readFile(join(data, name)))
            .digest('hex'),
        ),
      );
    };
    const before = await sums();
    expect((await forge(migrate(source, target))).code).toBe(0);
    expect(await sums()).toEqual(before);
  });

  test.each(['duckdb', 'sqlite'] as const)('copies no store on %s that another process has open', async (engine) => {
    const [source, target] = [await place(engine), await place('duckdb')];
    await using(source, async (opened) => {
      await fill(opened, 100);
      const { code, err } = await forge(migrate(source, target));
      expect(code).toBe(6);
      expect(err).toMatch(/^forge: The store \S+ is open in another process; stop that process/);
    });
  });

  test('tells as JSON', async () => {
    const [source, target] = [await place('sqlite'), await place('duckdb')];
    await using(source, (opened) => fill(opened, 100));
    const { code, out, err } = await forge(migrate(source, target, '--json'));
    expect([code, err]).toEqual([0, '']);
    const { rows, same, parts } = JSON.parse(out);
    expect([rows, same]).toEqual([175, true]);
    expect(parts).toHaveLength(5);
    expect(parts[0]).toMatchObject({ dataset: 'events', part: 'current', source: { rows: 100 }, same: true });
    expect(parts[0].source.checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(parts[0].target).toEqual(parts[0].source);
  });

  test('takes an engine alone for the one of the settings, also in one folder', async () => {
    const source = await place('duckdb');
    await using(source, (opened) => fill(opened, 100));
    const data = source.address.slice('duckdb:'.length);
    const { code, err } = await forge(['migrate', '--from', 'duckdb', '--to', 'sqlite'], { DATA_DIR: data });
    expect(code, err).toBe(0);
    expect(err).toContain('Serve it with DB_ENGINE=sqlite.');
  });

  test('is broken off by a signal, and goes on', async () => {
    const [source, target] = [await place('duckdb'), await place('sqlite')];
    await using(source, (opened) => fill(opened, ROWS));
    const command = new ForgeCommand(migrate(source, target));
    await untilBegun(target, 'sqlite');
    command.kill('SIGINT');
    const { code, err } = await command.ended;
    expect([code, err]).toEqual([130, expect.stringContaining('the same command goes on from here')]);
    expect((await forge(migrate(source, target))).code).toBe(0);
  }, 120_000);

  const nowhere = ['--to', 'sqlite:never'];
  test.each<[string, string[], RegExp]>([
    ['no flags', [], /required option '--from/],
    [
      'an unknown engine',
      ['--from', 'mysql://u:secret@h/d', ...nowhere],
      /^forge: --from has to be like duckdb:FOLDER/,
    ],
    ['memory', ['--from', 'memory', ...nowhere], /keeps nothing/],
    ['a file', ['--from', 'duckdb:x/store.duckdb', ...nowhere], /names a file/],
    [
      'a folder without a store',
      ['--from', 'duckdb:none', ...nowhere],
      /There is no store at \S+store\.duckdb to copy/,
    ],
    ['one store twice', ['--from', 'sqlite:x', '--to', 'sqlite:./x/'], /are the same store/],
    ['no database', ['--from', 'postgres', ...nowhere], /set DATABASE_URL/],
    ['a garbled address', ['--from', 'postgres://u:secret@:x', ...nowhere], /none that can be read/],
  ])('refuses %s in one sentence', async (_, flags, message) => {
    const { code, out, err } = await forge(['migrate', ...flags], { DATABASE_URL: '' });
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(err).not.toContain('secret');
  });

  test('shows no password of a database that is away', async () => {
    const { code, err } = await forge(['migrate', '--from', 'postgres://u:secret@127.0.0.1:1/d', ...nowhere]);
    expect([code, err]).toEqual([6, expect.stringMatching(/no database to be reached at 127\.0\.0\.1:1\/d/)]);
    expect(err).not.toContain('secret');
  });
});

describe.skipIf(!MAY_MOUNT).each(['duckdb', 'sqlite'] as const)(
  `a full disk under a copy on %s${MAY_MOUNT ? '' : ' (left out: this user may not mount a small disk)'}`,
  (engine) => {
    test('is told, and the copy goes on when there is room', { timeout: 120_000 }, async () => {
      const source = await place('sqlite');
      await using(source, (opened) => fill(opened, ROWS));
      const disk = await SmallDisk.mount(join(folder, 'disk'), 3);
      try {
        const command = ['migrate', '--from', source.address, '--to', `${engine}:${join(disk.folder, 'data')}`];
        const full = await forge(command);
        expect([full.code, full.err]).toEqual([7, expect.stringMatching(/disk/)]);
        disk.grow(200);
        const { code, err, out } = await forge(command);
        expect(code, err).toBe(0);
        expect(out.match(/ same$/gm)).toHaveLength(5);
      } finally {
        disk.unmount();
      }
    });
  },
);

describeLeftOut();
