import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { filesSource } from '#adapters/sources/files/files-source.ts';
import { restSource } from '#adapters/sources/rest/rest-source.ts';
import { ndjson, RowSource, type SourceRequest, sendText } from '../e2e/pipelines/support/row-source.ts';
import { type SourceFixture, sourceContract } from './source.ts';

const row = (id: number) => ({ id, name: `the name of row ${id}`, at: id });
const csv = (ids: readonly number[]) => `id,name\n${ids.map((id) => `${id},"the ""name"", of\nrow ${id}"\n`).join('')}`;

/** A folder that gets a file for what is new. */
function folderOf(name: string, render: (ids: readonly number[]) => string | Buffer) {
  return async (folder: string): Promise<SourceFixture> => {
    const inbox = join(folder, 'inbox');
    await mkdir(inbox);
    let known: readonly number[] = [];
    const put = async (ids: readonly number[], index: number) => {
      await writeFile(join(inbox, `${String(index).padStart(3, '0')}.${name}`), render(ids));
    };
    return {
      options: { path: 'inbox' },
      async fill(ids) {
        const isMore = known.length > 0 && known.every((id, at) => ids[at] === id);
        if (!isMore) {
          await put(ids.slice(0, ids.length / 2), 1);
          await put(ids.slice(ids.length / 2), 2);
        } else if (ids.length > known.length) await put(ids.slice(known.length), 3);
        known = isMore ? known : ids;
      },
      async failOnce() {},
      async close() {},
    };
  };
}

interface RestCase {
  readonly options?: Readonly<Record<string, unknown>>;
  answer(request: SourceRequest, rows: object[]): RestAnswer;
}

interface RestAnswer {
  readonly type: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = (value: unknown): RestAnswer => ({ type: 'application/json', text: JSON.stringify(value) });
const lines = (rows: readonly object[], headers = {}): RestAnswer => {
  return { type: 'application/x-ndjson', text: ndjson(rows), headers };
};

/** A server with rows, half of whose answers can be made to break off. */
function serverOf({ options = {}, answer }: RestCase) {
  return async (): Promise<SourceFixture> => {
    let rows: { id: number; at: number }[] = [];
    let breaks = false;
    const source = await RowSource.start((request, response) => {
      const since = Number(request.url.searchParams.get('since') ?? 0);
      const wanted = rows.filter(({ at }) => at >= since);
      const offset = Number(request.url.searchParams.get('offset') ?? request.url.searchParams.get('after') ?? 0);
      const page = Number(request.url.searchParams.get('page') ?? 0);
      const { type, text, headers } = answer(request, wanted);
      if (!breaks || ('paging' in options && offset < 250 && page < 3)) return sendText(response, type, text, headers);
      breaks = false;
      response.writeHead(200, { 'content-type': type, 'content-length': text.length, ...headers });
      response.write(text.slice(0, text.length / 2));
      setTimeout(() => response.destroy(), 50);
    });
    return {
      options: { url: `${source.url}/rows`, incremental: { field: 'at', param: 'since' }, ...options },
      ...(options.incremental !== null && { window: { from: '100', to: '300', ids: [100, 299] } }),
      async fill(ids) {
        rows = ids.map(row);
      },
      async failOnce() {
        breaks = true;
      },
      close: () => source.close(),
    };
  };
}

const number = (request: SourceRequest, name: string) => Number(request.url.searchParams.get(name) ?? 0);

const noFailure = { failure: 'a file on a disk does not break off' };
sourceContract('files: CSV', { source: filesSource, open: folderOf('csv', csv), lacks: noFailure });
sourceContract('files: NDJSON in gzip', {
  source: filesSource,
  open: folderOf('ndjson.gz', (ids) => gzipSync(ndjson(ids.map(row)))),
  lacks: noFailure,
});
sourceContract('files: JSON', {
  source: filesSource,
  open: folderOf('json', (ids) => JSON.stringify(ids.map(row), null, 1)),
  lacks: noFailure,
});

sourceContract('rest: one body of NDJSON', {
  source: restSource,
  open: serverOf({ answer: (_request, rows) => lines(rows) }),
});
sourceContract('rest: one list of JSON', {
  source: restSource,
  open: serverOf({ answer: (_request, rows) => json(rows) }),
});
sourceContract('rest: offset', {
  source: restSource,
  open: serverOf({
    options: { paging: { kind: 'offset', limit: 50 }, records: 'data.rows' },
    answer: (request, rows) => {
      const offset = number(request, 'offset');
      return json({ data: { rows: rows.slice(offset, offset + number(request, 'limit')) } });
    },
  }),
});
sourceContract('rest: page number', {
  source: restSource,
  open: serverOf({
    options: { paging: { kind: 'page', first: 0, size: 50, size_param: 'size', pages: 'pages' }, records: 'rows' },
    answer: (request, rows) => {
      const start = number(request, 'page') * 50;
      return json({ pages: Math.ceil(rows.length / 50), rows: rows.slice(start, start + 50) });
    },
  }),
});
sourceContract('rest: cursor', {
  source: restSource,
  open: serverOf({
    options: { paging: { kind: 'cursor', param: 'after', path: 'next' }, records: 'rows' },
    answer: (request, rows) => {
      const start = number(request, 'after');
      return json({ rows: rows.slice(start, start + 50), next: start + 50 < rows.length ? String(start + 50) : null });
    },
  }),
});
sourceContract('rest: Link header', {
  source: restSource,
  open: serverOf({
    options: { paging: { kind: 'link' } },
    answer: (request, rows) => {
      const start = number(request, 'offset');
      const since = request.url.searchParams.get('since');
      const next = `</rows?offset=${start + 50}${since === null ? '' : `&since=${since}`}>; rel="next"`;
      const link = start + 50 < rows.length ? { link: `</rows>; rel="first", ${next}` } : {};
      return lines(rows.slice(start, start + 50), link);
    },
  }),
});
sourceContract('rest: next address', {
  source: restSource,
  open: serverOf({
    options: { paging: { kind: 'next', path: 'links.next' }, records: 'rows' },
    answer: (request, rows) => {
      const start = number(request, 'offset');
      const since = request.url.searchParams.get('since');
      const next = `rows?offset=${start + 50}${since === null ? '' : `&since=${since}`}`;
      const links = start + 50 < rows.length ? { next } : {};
      return json({ links, rows: rows.slice(start, start + 50) });
    },
  }),
});
