import type { DataForgeError } from '#domain/errors.ts';
import type { Change, WriteRequest } from '#domain/record/change.ts';
import { parseJson } from '#domain/record/json.ts';
import { compileRowValidator } from '#domain/record/validate-row.ts';
import { compileRe2 } from '#infrastructure/re2.ts';
import { ORIGIN } from '../../support/store-driver.ts';
import { bodyOf, rowText, withoutParquet } from './bodies.ts';
import { type FilterContext, filterOf, unknownId } from './filters.ts';
import type { Side, SideBySide, StandingRecord } from './side-by-side.ts';
import type { ChangeSpec, LoadSpec, RequestSpec, RowSpec, Step, Story } from './story.ts';
import { Table } from './table.ts';
import { read } from './tell-reads.ts';

/** Lives a story through on all engines at once. */
export class Teller {
  readonly #world: SideBySide;
  readonly #tables: Table[];
  #standing: readonly (readonly StandingRecord[])[] = [[], []];

  constructor(world: SideBySide, story: Story, name: string) {
    this.#world = world;
    this.#tables = story.tables.map((spec, at) => Table.make(`${name}${at === 0 ? '' : " o'x"}`, spec, story));
  }

  async tell(steps: readonly Step[]): Promise<void> {
    for (const table of this.#tables) {
      await this.#world.ask('making a dataset', async ({ store }) => void (await store.use(table.dataset)));
    }
    for (const [at, step] of steps.entries()) await this.#step(`step ${at} ${JSON.stringify(step)}`, step);
  }

  async #step(about: string, step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
        return this.#write(about, step.requests);
      case 'load':
        return this.#load(about, step);
      case 'evolve':
        return this.#evolve(about, step);
      case 'read': {
        const { head } = this.#world;
        await this.#world.ask(about, (side) => read(side, step, this.#context(side, step.table), head));
        return;
      }
      case 'marks':
        return this.#marks(about, step.forgetBefore);
      case 'trim':
        return this.#change(about, async ({ store, naming }) => {
          await store.engine.maintenance.trimHistory(naming.real(this.#commit(step.before)));
        });
      case 'reopen':
        await this.#world.reopen();
        return this.#change(about, async () => null);
    }
  }

  async #change(about: string, work: (side: Side) => Promise<unknown>): Promise<void> {
    const datasets = this.#tables.map(({ dataset }) => dataset);
    const { standing } = await this.#world.change(about, datasets, work);
    this.#standing = standing;
  }

  #context({ naming }: Side, table: number): FilterContext {
    return {
      table: this.#table(table),
      standing: this.#standing[table] ?? [],
      commits: this.#world.commits,
      real: (name) => naming.real(name),
    };
  }

  #table(at: number): Table {
    return this.#tables[at] as Table;
  }

  #commit(pick: number): string {
    const { commits } = this.#world;
    const commit = commits.at(-1 - (pick % (commits.length || 1)));
    return commit === undefined ? '2001-01-01T00:00:00Z' : `time@${commit}`;
  }

  #write(about: string, specs: readonly RequestSpec[]): Promise<void> {
    return this.#change(about, async (side) => {
      const requests = specs.map((spec): WriteRequest => {
        const changes = spec.changes.flatMap(({ table, change }) => this.#changeOf(side, table, change));
        const { deletes, mark } = spec;
        return {
          changes:
            deletes === null
              ? changes
              : [
                  {
                    kind: 'delete-matching',
                    dataset: this.#table(deletes.table).dataset,
                    filter: filterOf(deletes.filter, this.#context(side, deletes.table)),
                  },
                ],
          marks:
            mark === null
              ? []
              : [
                  { kind: 'told', key: `m${mark}`, value: (results) => results.map((result) => result.kind).join() },
                  { kind: 'plain', key: `m${mark}`, value: "it's \\ %" },
                ],
          origin: mark === null ? ORIGIN : { caller: `caller ${mark}`, run: `run ${mark}` },
        };
      });
      return side.store.engine.writer.commit(requests.filter((request) => request.changes.length > 0));
    });
  }

  /** Nothing where the row is one that would never come as far as an engine. */
  #changeOf(side: Side, at: number, spec: ChangeSpec): Change[] {
    const { dataset } = this.#table(at);
    const validator = compileRowValidator(dataset, compileRe2);
    if (spec.kind === 'create') {
      const id = spec.row.id === null ? null : unknownId(spec.row.id);
      const verdict = validator.create(this.#json(at, spec.row), '');
      const { onConflict } = spec;
      return verdict.ok ? [{ kind: 'create', dataset, row: verdict.value.row, id, onConflict }] : [];
    }
    const standing = this.#standing[at] ?? [];
    const record = standing[spec.record % (standing.length + 1)];
    const id = side.naming.real(record?.id ?? unknownId(spec.record));
    const version = record?.version ?? 1;
    const ifVersion = { none: null, current: version, other: version + 1 }[spec.ifVersion];
    if (spec.kind === 'delete') return [{ kind: 'delete', dataset, id, ifVersion }];
    const json = this.#json(at, spec.row);
    if (spec.kind === 'replace') {
      const verdict = validator.replace(json, '');
      return verdict.ok ? [{ kind: 'replace', dataset, id, row: verdict.value, ifVersion }] : [];
    }
    const verdict = validator.patch(json, '');
    return verdict.ok ? [{ kind: 'patch', dataset, id, values: verdict.value, ifVersion }] : [];
  }

  #json(at: number, row: RowSpec) {
    const table = this.#table(at);
    return parseJson(rowText(table, { cells: table.cells(row, { typed: true }), id: null }));
  }

  async #load(about: string, spec: LoadSpec): Promise<void> {
    const table = this.#table(spec.table);
    const body = await bodyOf(table, spec);
    const arrow = spec.format === 'parquet' ? await withoutParquet(table, spec) : null;
    const { onInvalid, onConflict, returnRecords, mark, pieces, format } = spec;
    await this.#change(`${about} ${format === 'arrow' || format === 'parquet' ? '' : Buffer.from(body)}`, (side) => {
      // The one lack: memory reads no Parquet, and says so.
      const given = arrow !== null && side.name === 'memory' ? arrow : { format, body };
      return side.store.load(table.dataset, given.body, {
        format: given.format,
        onInvalid,
        onConflict,
        returnRecords,
        pieces: Math.max(pieces, Math.ceil(body.length / 200)),
        marks: mark === null ? [] : [{ kind: 'told', key: `m${mark}`, value: (counts) => `${counts.created} made` }],
        origin: ORIGIN,
      });
    });
  }

  async #evolve(about: string, step: Extract<Step, { readonly kind: 'evolve' }>): Promise<void> {
    const next = this.#table(step.table).evolved(step.changes);
    if (next === null) return;
    const plan = (await this.#world.ask(`${about}: the plan`, async ({ store }) => {
      const { stored, steps } = await store.engine.datasets.plan(next.dataset);
      return { stored, steps };
    })) as { readonly steps: readonly { readonly safety: string }[] } & Partial<DataForgeError>;
    const isRefused = plan.steps.some(({ safety }) => safety !== 'safe');
    if (isRefused && !step.force) return;
    const { acceptLoss } = step;
    const answer = await this.#world.ask(about, async ({ store }) => {
      await store.engine.datasets.apply(await store.engine.datasets.plan(next.dataset), { acceptLoss });
      return 'done';
    });
    if (answer === 'done') this.#tables[step.table] = next;
    await this.#change(`${about}: what it made`, async ({ store }) => {
      const names = this.#tables.map(({ dataset }) => dataset.name);
      return (await store.engine.datasets.list()).filter(({ name }) => names.includes(name));
    });
  }

  async #marks(about: string, forgetBefore: number | null): Promise<void> {
    await this.#world.ask(about, async ({ store, naming }) => {
      const { writer } = store.engine;
      if (forgetBefore !== null) await writer.forgetMarks('told', naming.real(this.#commit(forgetBefore)));
      const marks: (string | null)[] = [];
      for (const kind of ['told', 'plain']) {
        for (let key = 0; key < 4; key++) marks.push(await writer.readMark(kind, `m${key}`));
      }
      return marks;
    });
  }
}
