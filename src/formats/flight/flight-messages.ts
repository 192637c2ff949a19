// The messages of Arrow Flight (https://arrow.apache.org/docs/format/Flight.html) that are used here.

import {
  boolean,
  bytes,
  int32,
  int64,
  type MessageOf,
  message,
  nested,
  optionalBytes,
  optionalText,
  repeated,
  repeatedText,
  text,
} from './protobuf.ts';

export const Handshake = message({ payload: bytes(2) });
export const BasicAuth = message({ username: text(2), password: text(3) });
export const Criteria = message({ expression: bytes(1) });
export type Criteria = MessageOf<typeof Criteria>;

export const DESCRIPTOR_PATH = 1;
export const DESCRIPTOR_COMMAND = 2;
export const FlightDescriptor = message({ type: int32(1), cmd: bytes(2), path: repeatedText(3) });
export type FlightDescriptor = MessageOf<typeof FlightDescriptor>;

export const Ticket = message({ ticket: bytes(1) });
const Location = message({ uri: text(1) });
const FlightEndpoint = message({ ticket: nested(1, Ticket), location: repeated(2, Location) });
export const FlightInfo = message({
  /** A framed IPC message. */
  schema: bytes(1),
  descriptor: nested(2, FlightDescriptor),
  endpoint: repeated(3, FlightEndpoint),
  /** -1 where it is not known. */
  totalRecords: int64(4),
  totalBytes: int64(5),
  ordered: boolean(6),
});
export type FlightInfo = MessageOf<typeof FlightInfo>;

export const SchemaResult = message({ schema: bytes(1) });
export const PutResult = message({ appMetadata: bytes(1) });
export const Action = message({ type: text(1), body: bytes(2) });
export const ActionResult = message({ body: bytes(1) });
export const ActionType = message({ type: text(1), description: text(2) });

export const CancelFlightInfo = message({ info: nested(1, FlightInfo) });
export const CANCELLED = 1;
export const NOT_CANCELLABLE = 3;
export const CancelFlightInfoResult = message({ status: int32(1) });

/** The options that are offered are texts; values of other kinds read as null. */
const SessionOptionValue = message({ text: optionalText(1) });
const SessionOption = message({ name: text(1), value: nested(2, SessionOptionValue) });
/** Of setting options and of telling them alike. */
export const SessionOptions = message({ options: repeated(1, SessionOption) });
export const INVALID_NAME = 1;
export const INVALID_VALUE = 2;
const SessionError = message({ value: int32(1) });
export const SetSessionOptionsResult = message({
  errors: repeated(1, message({ name: text(1), error: nested(2, SessionError) })),
});
export const SESSION_CLOSED = 1;
export const CloseSessionResult = message({ status: int32(1) });

/** As it comes; what goes out is written by `flight-data.ts`. */
export const FlightData = message({
  descriptor: nested(1, FlightDescriptor),
  header: bytes(2),
  appMetadata: optionalBytes(3),
  body: bytes(1000),
});
export type FlightData = MessageOf<typeof FlightData>;
