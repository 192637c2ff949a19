import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { literal } from '../sql/identifier.ts';
import { PostgresConnection } from './postgres-connection.ts';
import { STORE } from './postgres-layout.ts';
import { quotedName, shortName } from './postgres-names.ts';
import { clientConfig, sessionSettings } from './postgres-pool.ts';

/** What a commit tells all instances; `datasets` is null where they are too many to be named. */
export interface CommitNotice {
  readonly by: string;
  readonly head: number;
  readonly datasets: readonly string[] | null;
}

/** Bytes that PostgreSQL takes in a notice, with some to spare. */
const MOST_NOTICE_BYTES = 7500;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** The statement that tells of a commit once it is one. */
export function notifyStatement(schema: string, notice: CommitNotice): string {
  const whole = JSON.stringify(notice);
  const text = Buffer.byteLength(whole) <= MOST_NOTICE_BYTES ? whole : JSON.stringify({ ...notice, datasets: null });
  return `SELECT pg_notify(${literal(shortName(schema))}, E${literal(text.replaceAll('\\', '\\\\'))})`;
}

export interface NoticeListener {
  readonly onNotice: (notice: CommitNotice) => void;
  /** After the line was down: the number that is visible now. */
  readonly onReconnect: (head: number) => void;
}

/** A connection that hears of the commits of all instances, and ends queries that nobody waits for any more. */
export class PostgresNotices {
  readonly #url: string;
  readonly #schema: string;
  readonly #listener: NoticeListener;
  readonly #closed = new AbortController();
  #client: pg.Client | null = null;

  constructor(url: string, schema: string, listener: NoticeListener) {
    this.#url = url;
    this.#schema = schema;
    this.#listener = listener;
  }

  /** @returns the number that is visible, from which on notices come */
  async connect(): Promise<number> {
    const client = new pg.Client(clientConfig(this.#url));
    client.on('error', () => {});
    client.on('notification', ({ payload }) => {
      if (payload !== undefined) this.#listener.onNotice(JSON.parse(payload) as CommitNotice);
    });
    try {
      await client.connect();
      const connection = new PostgresConnection(client);
      await connection.batch([...sessionSettings(this.#schema), `LISTEN ${quotedName(this.#schema)}`]);
      const head = Number((await connection.row(`SELECT sequence FROM ${STORE}`))?.[0]);
      client.on('end', () => this.#onEnd(client));
      this.#client = client;
      return head;
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }

  /** Ends what a process of the server is about. Throws where there is no line to say so. */
  async cancel(processId: number): Promise<void> {
    if (this.#client === null) throw new Error('the line to the server is down');
    await this.#client.query('SELECT pg_cancel_backend($1)', [processId]);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  #onEnd(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#closed;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const head = await this.connect();
        if (signal.aborted) await this.close();
        else this.#listener.onReconnect(head);
        return;
      } catch {
        await wait(pause, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }
}
