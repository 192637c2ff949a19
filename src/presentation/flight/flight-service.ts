import type { ServiceDefinition } from '@grpc/grpc-js';
import type { OutgoingFlightData } from '#formats/flight/flight-data.ts';
import {
  Action,
  ActionResult,
  ActionType,
  Criteria,
  FlightData,
  FlightDescriptor,
  FlightInfo,
  Handshake,
  PutResult,
  SchemaResult,
  Ticket,
} from '#formats/flight/flight-messages.ts';
import { type MessageCodec, message } from '#formats/flight/protobuf.ts';

const Empty = message({});

interface Shape {
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}

function method<Q, S>(name: string, request: MessageCodec<Q>, response: MessageCodec<S>, shape: Shape = {}) {
  return {
    path: `/arrow.flight.protocol.FlightService/${name}`,
    requestStream: shape.requestStream ?? false,
    responseStream: shape.responseStream ?? false,
    requestSerialize: (value: Partial<Q>) => request.encode(value),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: (value: Partial<S>) => response.encode(value),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  };
}

const both = { requestStream: true, responseStream: true };
const answers = { responseStream: true };

/** The methods of Arrow Flight. What DoGet sends is written by `OutgoingFlightData` into gRPC's own buffer. */
export const FLIGHT_SERVICE = {
  Handshake: method('Handshake', Handshake, Handshake, both),
  ListFlights: method('ListFlights', Criteria, FlightInfo, answers),
  GetFlightInfo: method('GetFlightInfo', FlightDescriptor, FlightInfo),
  GetSchema: method('GetSchema', FlightDescriptor, SchemaResult),
  DoGet: {
    ...method('DoGet', Ticket, FlightData, answers),
    responseSerialize: (value: OutgoingFlightData) => value as unknown as Buffer,
  },
  DoPut: method('DoPut', FlightData, PutResult, both),
  DoAction: method('DoAction', Action, ActionResult, answers),
  ListActions: method('ListActions', Empty, ActionType, answers),
} satisfies ServiceDefinition;
