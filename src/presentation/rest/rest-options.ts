import type { FastifyInstance } from 'fastify';
import type { UseCases } from '#application/use-cases.ts';
import type { AnsweredRequest } from '#domain/run/answered-request.ts';
import type { Security } from '../security.ts';
import type { BulkBodyLimits } from './bulk-body.ts';
import type { BodyLimits } from './request-body.ts';

/** What the REST server stands on. */
export interface RestOptions {
  readonly useCases: UseCases;
  readonly security: Security;
  readonly limits: RestLimits;
  /** The version of this program. */
  readonly version: string;
  /** PEM texts; null for plain HTTP. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** The address of a proxy in front is believed. */
  readonly trustProxy: boolean;
  readonly onAnswer: (answer: AnsweredRequest) => void;
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> };
  /** Changes with each new set of datasets, so that what is made of them is made again. */
  readonly datasetsRevision: () => number;
  /** Routes of other protocols on the same server. */
  readonly mount?: (server: FastifyInstance) => void;
  /** Where Arrow Flight listens, as `grpc://HOST:PORT` or `grpc+tls://HOST:PORT`; null where it is not served. */
  readonly flightAddress: () => string | null;
  /** Null while the server is ready, else why it is not. */
  readonly notReady: () => string | null;
}

export interface RestLimits extends BodyLimits, BulkBodyLimits {
  /** Characters of an address with its query string. */
  readonly maxUrlLength: number;
  /** Records on the largest page, for the documentation. */
  readonly maxPageSize: number;
  readonly defaultPageSize: number;
}
