import { appendFile, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline/promises';
import { DataForgeError } from '#domain/errors.ts';
import { JsonArray } from '#domain/record/json.ts';
import type { ApiClient } from './client.ts';
import type { CliContext } from './context.ts';
import { fitTable } from './fit-table.ts';
import { askSql, sqlText } from './sql-answer.ts';
import { completeSql } from './sql-completion.ts';
import { readTables, type SqlTable } from './sql-tables.ts';

const HELP = `Type a SELECT and end it with ";". Also:
  \\d          the datasets
  \\d NAME     the columns of one
  \\h          this help
  \\q          leave (or Ctrl+D); Ctrl+C drops what is typed, or stops what runs
Tab completes names and words; the arrow keys bring back what was typed before.`;

const HISTORY_LINES = 1000;

/** Reads queries until there are no more, and shows their rows. */
export async function runSqlPrompt(context: CliContext): Promise<void> {
  const { host, output } = context;
  if (host.in === undefined) throw new DataForgeError('invalid_parameter', 'There is no terminal; name a query.');
  const input = host.in;
  await context.withTarget(async ({ client }) => {
    const tables = await readTables(client);
    const history = await readHistory();
    const reader = createInterface({
      input,
      output: output.out as NodeJS.WriteStream,
      terminal: true,
      history,
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string) => completeSql(line, tables),
    });
    output.note('One SELECT at a time, ended by ";"; \\h for help, \\q to leave.');
    try {
      await new Prompt(context, client, tables, reader).run();
    } finally {
      reader.close();
    }
  });
}

class Prompt {
  readonly #context: CliContext;
  readonly #client: ApiClient;
  readonly #tables: readonly SqlTable[];
  readonly #reader: Interface;
  #typed = '';
  #running: AbortController | null = null;

  constructor(context: CliContext, client: ApiClient, tables: readonly SqlTable[], reader: Interface) {
    this.#context = context;
    this.#client = client;
    this.#tables = tables;
    this.#reader = reader;
  }

  async run(): Promise<void> {
    const reader = this.#reader;
    reader.on('SIGINT', () => this.#interrupt());
    this.#ask();
    for await (const line of reader) {
      const command = this.#typed === '' ? line.trim() : '';
      if (command === '\\q' || /^(?:exit|quit);?$/i.test(command)) return;
      if (command.startsWith('\\')) this.#command(command);
      else await this.#take(line);
      this.#ask();
    }
  }

  #ask(): void {
    this.#reader.setPrompt(this.#typed === '' ? 'forge> ' : '   ... ');
    this.#reader.prompt();
  }

  #interrupt(): void {
    if (this.#running !== null) {
      this.#running.abort();
      return;
    }
    this.#typed = '';
    this.#context.output.line('');
    // Takes away what stands on the line.
    this.#reader.write(null, { ctrl: true, name: 'u' });
    this.#ask();
  }

  #command(command: string): void {
    const { output } = this.#context;
    const [word, name = ''] = command.split(/\s+/, 2);
    if (word !== '\\d') output.line(HELP);
    else output.line(describe(this.#tables, name, this.#width()));
  }

  async #take(line: string): Promise<void> {
    this.#typed = this.#typed === '' ? line : `${this.#typed}\n${line}`;
    if (this.#typed.trim() === '') this.#typed = '';
    if (!/;\s*$/.test(this.#typed)) return;
    const sql = this.#typed;
    this.#typed = '';
    await remember(sql);
    const { output } = this.#context;
    this.#running = new AbortController();
    try {
      const query = { sql, params: new JsonArray([]), limit: undefined, timeout: undefined };
      const answer = await askSql(this.#client, query, this.#running.signal);
      output.answer(answer, () => `${sqlText(answer, this.#width())}\n`);
    } catch (error) {
      output.error(error);
    } finally {
      this.#running = null;
    }
  }

  #width(): number {
    return this.#context.output.out.columns || 80;
  }
}

function describe(tables: readonly SqlTable[], name: string, width: number): string {
  if (name === '') {
    const rows = tables.map((table) => [table.name, table.columns.map((column) => column.name).join(', ')]);
    return fitTable(['dataset', 'columns'], rows, width);
  }
  const wanted = name.replace(/^"|"?;?$/g, '').toLowerCase();
  const found = tables.find((table) => table.name.toLowerCase() === wanted);
  if (found === undefined) return `There is no dataset "${name}"; \\d lists those there are.`;
  return fitTable(
    ['column', 'type'],
    found.columns.map((column) => [column.name, column.type]),
    width,
  );
}

function historyFile(): string {
  return join(homedir(), '.forge_sql_history');
}

/** The newest first, as the reader wants it. */
async function readHistory(): Promise<string[]> {
  const text = await readFile(historyFile(), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).slice(-HISTORY_LINES).reverse();
}

/** A history that cannot be written is no reason to stop. */
async function remember(sql: string): Promise<void> {
  const line = sql.replace(/\s*\n\s*/g, ' ').trim();
  await appendFile(historyFile(), `${line}\n`, { mode: 0o600 }).catch(() => {});
}
