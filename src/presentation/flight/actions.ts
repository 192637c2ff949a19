import type { Call } from '#application/call.ts';
import { MAX_SOURCE_MARKS } from '#application/records/source-marks.ts';
import type { UseCases } from '#application/use-cases.ts';
import { DataForgeError } from '#domain/errors.ts';
import { JsonArray } from '#domain/record/json.ts';
import { ArrowEncoder } from '#formats/arrow/arrow-encoder.ts';
import { frameHeader } from '#formats/flight/flight-data.ts';
import {
  CANCELLED,
  CancelFlightInfo,
  CancelFlightInfoResult,
  FlightInfo,
  NOT_CANCELLABLE,
} from '#formats/flight/flight-messages.ts';
import {
  CancelQuery,
  CancelQueryResult,
  CreatePreparedStatement,
  PreparedStatement,
  packCommand,
  unpackCommand,
} from '#formats/flight/flight-sql-messages.ts';
import { parseObject } from '../json-body.ts';
import { analysisAction } from './analysis-actions.ts';
import type { RunningFlights } from './running-flights.ts';
import { closeSession, getSessionOptions, setSessionOptions } from './session-actions.ts';
import { handleOf } from './wanted.ts';

/** The actions that are offered, each with what it does. */
export const ACTIONS: Readonly<Record<string, string>> = {
  CancelFlightInfo: 'Ends the query of a flight that is under way.',
  CancelQuery: 'The same, as older clients of Flight SQL ask for it.',
  GetMarks: 'Tells marks of a dataset, {"dataset", "names"}, as an object of those that were set.',
  Analyse:
    'Computes an analysis, asked for as over REST; the answer is the job and, where it is done, its result as the pieces of an Arrow IPC stream.',
  GetAnalysis: 'Tells how an analysis stands, {"id", "wait_ms"}, and gives its result likewise.',
  CancelAnalysis: 'Ends an analysis, {"id"}, or forgets its result.',
  SetSessionOptions: 'Sets the options catalog and schema, which have one value each.',
  GetSessionOptions: 'Tells the options of the session.',
  CloseSession: 'Ends the session; nothing of it is kept here, so nothing is to be done.',
  CreatePreparedStatement:
    'Prepares a query; the answer holds its handle and the schemas of its result and parameters.',
  ClosePreparedStatement: 'Ends a prepared statement; nothing of it is kept here, so nothing is to be done.',
};

/** @throws DataForgeError `unknown_route` for an action that is not offered */
export async function act(
  type: string,
  body: Uint8Array,
  { useCases, running }: { readonly useCases: UseCases; readonly running: RunningFlights },
  call: Call,
): Promise<Uint8Array[]> {
  switch (type) {
    case 'CancelFlightInfo': {
      const status = cancel(CancelFlightInfo.decode(body).info, running, call);
      return [CancelFlightInfoResult.encode({ status })];
    }
    case 'CancelQuery': {
      const { info } = CancelQuery.decode(unpackCommand(body)?.value ?? new Uint8Array(0));
      const result = cancel(FlightInfo.decode(info), running, call);
      return [packCommand('ActionCancelQueryResult', CancelQueryResult, { result })];
    }
    case 'GetMarks':
      return [await marks(body, useCases, call)];
    case 'Analyse':
    case 'GetAnalysis':
    case 'CancelAnalysis':
      return analysisAction(type, body, useCases, call);
    case 'SetSessionOptions':
      return [setSessionOptions(body)];
    case 'GetSessionOptions':
      return [getSessionOptions()];
    case 'CloseSession':
      return [closeSession()];
    case 'CreatePreparedStatement': {
      const { query } = CreatePreparedStatement.decode(unpackCommand(body)?.value ?? new Uint8Array(0));
      const { columns, parameters } = await useCases.describeSql({ sql: query }, call);
      // A parameter that takes anything is told as a text: drivers write what they are given in the type they are told.
      const placeholders = parameters.map(({ name, type }) => ({ name, type: type ?? ({ kind: 'text' } as const) }));
      const result = {
        handle: handleOf({ sql: query, parameters: [] }),
        datasetSchema: frameHeader(new ArrowEncoder(columns).schema.header),
        parameterSchema: frameHeader(new ArrowEncoder(placeholders).schema.header),
      };
      return [packCommand('ActionCreatePreparedStatementResult', PreparedStatement, result)];
    }
    case 'ClosePreparedStatement':
      return [];
    default:
      throw new DataForgeError(
        'unknown_route',
        `There is no action "${type.slice(0, 100)}"; ListActions tells those there are.`,
      );
  }
}

function cancel(info: Partial<FlightInfo> | null, running: RunningFlights, call: Call): number {
  const tickets = (info?.endpoint ?? []).map(({ ticket }) => ticket?.ticket ?? new Uint8Array(0));
  const ended = tickets.filter((ticket) => running.cancel(ticket, call));
  return ended.length > 0 ? CANCELLED : NOT_CANCELLABLE;
}

/** @throws DataForgeError `invalid_parameter` where the body is no such object */
async function marks(body: Uint8Array, useCases: UseCases, call: Call): Promise<Uint8Array> {
  const json = parseObject(body, ['dataset', 'names']);
  const dataset = json.get('dataset');
  const names = json.get('names');
  const isRight = names instanceof JsonArray && names.items.every((name) => typeof name === 'string');
  if (typeof dataset !== 'string' || !isRight || names.items.length > MAX_SOURCE_MARKS) {
    const message = `GetMarks takes {"dataset": …, "names": […]}, of at most ${MAX_SOURCE_MARKS} names.`;
    throw new DataForgeError('invalid_parameter', message);
  }
  const found = await useCases.getMarks({ schema: dataset, names: names.items as string[] }, call);
  return Buffer.from(JSON.stringify(found.marks));
}
