import { tableFromIPC } from 'apache-arrow';
import type {
  FileMembers,
  SourceDescription,
  SourceOpening,
  Survey,
  SurveyRequest,
} from '#application/ports/source.ts';
import { withoutSystemColumns } from '#domain/dataset/exported-columns.ts';
import { DataForgeError } from '#domain/errors.ts';
import { readMembers } from '#domain/file/read-members.ts';
import { DESCRIPTOR_COMMAND, DESCRIPTOR_PATH, type FlightDescriptor } from '#formats/flight/flight-messages.ts';
import { CommandGetTables, packCommand } from '#formats/flight/flight-sql-messages.ts';
import { chooseRelation } from '../shared/choose-relation.ts';
import { describeFlight } from './describe-flight.ts';
import { bodyOf } from './flight-body.ts';
import { FLIGHT_OPTIONS } from './flight-options.ts';
import { FlightSession } from './flight-session.ts';

/** Something that a server has, and the members that ask for it. */
interface Offer {
  readonly name: string;
  /** One way to ask, and others where the server does not take the first. */
  readonly ways: readonly FileMembers[];
}

const LONGEST_CALL = '30s';
const NO_COMMAND = new Uint8Array(0);

/** A table of Flight SQL, or a flight of a server that has no tables. */
export async function surveyFlight(request: SurveyRequest, opening: SourceOpening): Promise<Survey | null> {
  const { address, access, relation } = request;
  if (!/^grpc(\+tcp|\+tls)?:\/\//.test(address)) return null;
  const { secret = '', user = null } = access ?? {};
  const auth = user === null ? { kind: 'bearer', token: { secret } } : { kind: 'basic', user, password: { secret } };
  const members = { url: address.replace(/\/$/, ''), ...(access && { auth }) };
  const options = readMembers({ ...members, command: '-', timeout: LONGEST_CALL }, FLIGHT_OPTIONS, 'source');
  const session = await FlightSession.open(options, opening);
  let offers: readonly Offer[];
  try {
    offers = (await tablesOf(session)) ?? (await session.flights()).map(flightOffer);
  } finally {
    await session.close();
  }
  const names = offers.map(({ name }) => name);
  const name = chooseRelation(names, relation, { place: 'The server', relation: 'table' });
  const offer = offers.find((candidate) => candidate.name === name);
  if (offer === undefined) return null;
  const { found, asked } = await describedOffer(offer, members, opening);
  const columns = withoutSystemColumns(found?.columns ?? []);
  const { query } = asked;
  const isLess = typeof query === 'string' && columns.length < (found?.columns.length ?? 0);
  return {
    members: {
      ...members,
      ...asked,
      ...(isLess && { query: query.replace('*', columns.map(quotedName).join(', ')) }),
    },
    name: name.split(/[./]/).at(-1) ?? name,
    notes: [],
    description: found && { columns, key: found.key },
    gives: 'all rows',
    incremental: (column) => ({ column }),
  };
}

/** The first way to ask that the server takes. */
async function describedOffer(
  { ways: [asked = {}, ...others], ...offer }: Offer,
  members: FileMembers,
  opening: SourceOpening,
): Promise<{ found: SourceDescription | null; asked: FileMembers }> {
  try {
    const options = readMembers({ ...members, ...asked }, FLIGHT_OPTIONS, 'source');
    return { found: await describeFlight(options, opening), asked };
  } catch (error) {
    if (others.length === 0 || !isRefusal(error)) throw error;
    return describedOffer({ ...offer, ways: others }, members, opening);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof DataForgeError && error.code === 'source_failed' && !error.retryable;
}

/** The tables of Flight SQL; null where the server does not speak it. */
async function tablesOf(session: FlightSession): Promise<readonly Offer[] | null> {
  try {
    const cmd = packCommand('CommandGetTables', CommandGetTables, {});
    const { endpoints } = await session.endpoints({
      kind: 'descriptor',
      descriptor: { type: DESCRIPTOR_COMMAND, cmd },
    });
    const table = tableFromIPC(Buffer.concat(await Array.fromAsync(bodyOf(session, endpoints))));
    return table.toArray().flatMap((row) => {
      const { db_schema_name: schema, table_name: name } = row as Readonly<Record<string, string | null>>;
      if (!name || schema === 'information_schema') return [];
      // Some servers have one schema only, and take no name of it.
      const places = [
        quotedName({ name }),
        ...(schema ? [`${quotedName({ name: schema })}.${quotedName({ name })}`] : []),
      ];
      const ways = places.map((place) => ({ query: `SELECT * FROM ${place}` }));
      return [{ name: schema ? `${schema}.${name}` : name, ways }];
    });
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

function flightOffer({ type, path = [], cmd = NO_COMMAND }: Partial<FlightDescriptor>): Offer {
  if (type === DESCRIPTOR_PATH) return { name: path.join('/'), ways: [{ path }] };
  const command = Buffer.from(cmd).toString();
  return { name: command, ways: [{ command }] };
}

function quotedName({ name }: { readonly name: string }): string {
  return `"${name.replaceAll('"', '""')}"`;
}
