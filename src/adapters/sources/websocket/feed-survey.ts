import type { FileMembers, SourceOpening, Survey, SurveyRequest } from '#application/ports/source.ts';
import { DataForgeError } from '#domain/errors.ts';
import { readMembers } from '#domain/file/read-members.ts';
import { type GuessedRecords, guessRecords } from '../shared/guess-records.ts';
import { nameOfAddress, surveyedAddress } from '../shared/http/survey-http.ts';
import { Feed } from './feed.ts';
import { connectFeed } from './feed-connection.ts';
import { WEBSOCKET_OPTIONS } from './websocket-options.ts';

/** How long is listened for messages, and for how many bytes of them. */
const LISTEN_MS = 5000;
const LISTEN_BYTES = 1024 * 1024;
/** Members by which feeds tell their messages apart. */
const KINDS = ['type', 'event', 'kind', 'topic', 'channel'];
/** Members that count the messages or the rows of a feed. */
const KEYS = ['seq', 'sequence', 'offset', 'id'];

type Message = Readonly<Record<string, unknown>>;

/** A feed, known by its address; what it sends within some seconds tells the rest. */
export async function surveyFeed(request: SurveyRequest, opening: SourceOpening): Promise<Survey | null> {
  if (!/^wss?:\/\//i.test(request.address)) return null;
  const { url, members } = surveyedAddress(request);
  const { send } = request;
  const named = { url: url.href, ...members, ...(send !== null && { send: [send] }) };
  const messages = await listen(named, opening);
  if (messages.length === 0) throw silent(url, send);
  const { only, chosen, note } = chooseKind(messages);
  const records = chosen.flatMap((message) => recordsIn(message) ?? []).at(0) ?? null;
  const rows = records === null ? chosen : records.rows;
  const all = { ...named, ...(only && { only }), ...(records?.path && { records: records.path }) };
  return {
    members: all,
    sample: { ...all, for: `${LISTEN_MS}ms`, silence: { after: '2s', means: 'end' } },
    name: nameOfAddress(url),
    notes: [...(note === null ? [] : [note]), resumeNote(records === null ? chosen : rows, records !== null)],
    description: null,
    gives: 'new rows',
    incremental: null,
  };
}

async function listen(members: FileMembers, opening: SourceOpening): Promise<readonly Message[]> {
  const { clock } = opening;
  const feed = new Feed(await connectFeed(readMembers(members, WEBSOCKET_OPTIONS, 'source'), null, opening), opening);
  const messages: Message[] = [];
  try {
    let until = clock.elapsed() + LISTEN_MS;
    for (let bytes = 0; bytes < LISTEN_BYTES; ) {
      const taken = await feed.take(until, LISTEN_BYTES);
      if (taken === null) break;
      for (const message of taken) {
        bytes += message.length;
        messages.push(...objectsIn(message));
      }
      // What has begun to come is not waited for as long.
      until = Math.min(until, clock.elapsed() + LISTEN_MS / 5);
    }
    return messages;
  } finally {
    feed.close();
  }
}

function objectsIn(message: Buffer): readonly Message[] {
  try {
    const json: unknown = JSON.parse(message.toString());
    return (Array.isArray(json) ? json : [json]).filter((item) => typeof item === 'object' && item !== null);
  } catch {
    return [];
  }
}

/** Where messages are of several kinds, those of the commonest one. */
function chooseKind(messages: readonly Message[]) {
  for (const path of KINDS) {
    const counts = new Map<string, number>();
    for (const message of messages) {
      const kind = message[path];
      if (typeof kind === 'string') counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    if (counts.size < 2) continue;
    const [is = ''] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? [];
    const note = `Messages differ by ${path}: ${[...counts.keys()].join(', ')}; those with ${is} are taken.`;
    return { only: { path, is }, chosen: messages.filter((message) => message[path] === is), note };
  }
  return { only: null, chosen: messages, note: null };
}

/** The list of rows within a message; null where the message is the row. */
function recordsIn(message: Message): GuessedRecords | null {
  const found = guessRecords(message);
  return found === null || found.rows.length === 0 ? null : found;
}

function resumeNote(keyed: readonly Message[], isRow: boolean): string {
  const key = KEYS.find((name) => keyed.every((item) => ['number', 'string'].includes(typeof item[name])));
  if (key === undefined)
    return 'What is sent while no run listens is not had; write resume where the feed can begin at a key.';
  const of = isRow ? ', of: row' : '';
  return `To have no row twice after a cut, write resume: {key: ${key}${of}} if ${key} always rises.`;
}

function silent({ origin, pathname }: URL, send: string | null): DataForgeError {
  const said = send === null ? 'unasked; give the message that it waits for with --send' : 'after --send';
  const message = `${origin}${pathname} has sent no JSON within ${LISTEN_MS / 1000} s ${said}.`;
  return new DataForgeError('source_failed', message);
}
