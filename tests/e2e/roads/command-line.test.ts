import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ENGINES, startServer } from '../rest/support/server.ts';

const FORGE = fileURLToPath(new URL('../../../src/presentation/cli/main.ts', import.meta.url));

const CSV = 'field_code,well_code,oil,days\n1,a,2.5,10\n1,b,,11\n2,"c ""d""",1.25,12\n';

test.concurrent.each(ENGINES)('forge works on %s as on the others', { timeout: 120_000 }, async (engine) => {
  const server = await startServer(engine, { env: { PROTOCOLS: 'rest' } });
  const file = (name: string) => join(server.folder, name);
  const forge = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [FORGE, ...args, '--url', server.url]);
    return stdout;
  };
  try {
    await writeFile(file('wells.csv'), CSV);
    expect(await forge('load', file('wells.csv'))).toMatch(/^wells: 3 created/);
    await expect(forge('load', file('wells.csv'))).rejects.toMatchObject({
      stderr: expect.stringContaining('field_code = 1 and well_code = "a" already'),
    });
    expect(await forge('load', file('wells.csv'), '--on-conflict', 'update')).toContain('3 ignored');
    expect(await forge('count', 'wells', '-f', 'oil is_not_null')).toBe('2\n');
    const page = JSON.parse(await forge('query', 'wells', '--sort', 'oil:desc', '--json'));
    expect(page.data.items.map(({ data }: { data: object }) => data)).toMatchObject([
      { well_code: 'a', oil: 2.5, status: 'open' },
      { well_code: 'c "d"', oil: 1.25 },
      { well_code: 'b', oil: null },
    ]);
    expect(await forge('get', 'wells', 'field_code=1', 'well_code=b')).toMatch(/^days +11$/m);
    await forge('export', 'wells', '--to', file('out.ndjson.gz'));
    await server.clear('wells');
    expect(await forge('load', file('out.ndjson.gz'), '--into', 'wells')).toMatch(/^wells: 3 created/);
    expect((await forge('changes', 'wells')).trim().split('\n')).toHaveLength(9);
    const groups = await forge('analyse', 'wells', 'group', '-p', 'by=[{"column":"field_code"}]', '--json');
    expect(JSON.parse(groups).rows.map(([field]: number[]) => field)).toEqual([1, 2]);
    if (engine !== 'memory') {
      const sql = 'SELECT well_code, days FROM wells WHERE days > 10 ORDER BY days';
      await forge('sql', sql, '--to', file('rows.csv'));
      expect(await readFile(file('rows.csv'), 'utf8')).toBe('well_code,days\nb,11\n"c ""d""",12\n');
    }
  } finally {
    await server.close();
  }
});
