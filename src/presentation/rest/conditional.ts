import type { FastifyRequest } from 'fastify';
import { DataForgeError } from '#domain/errors.ts';

/** The entity tag of a record. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * The version an `If-Match` header asks for; null where it asks for none, or for any.
 * @throws DataForgeError `version_moved` where it names something that no record of ours ever was
 */
export function readIfMatch(request: FastifyRequest): number | null {
  const header = request.headers['if-match']?.trim();
  if (header === undefined || header === '*') return null;
  const version = /^"([1-9]\d{0,14})"$/.exec(header)?.[1];
  if (version !== undefined) return Number(version);
  if (/^(?:W\/)?"[^"]*"$/.test(header)) {
    throw new DataForgeError(
      'version_moved',
      `No version of a record has the tag ${header.slice(0, 100)}; read the record again and send its ETag.`,
    );
  }
  throw new DataForgeError(
    'invalid_parameter',
    'If-Match must be one entity tag like "3", the ETag of an earlier answer.',
    {
      faults: [{ pointer: '/if-match', message: 'must be one entity tag' }],
    },
  );
}

/** Whether an `If-None-Match` header names this tag, so that the client has the record already. */
export function matchesNone(request: FastifyRequest, etag: string): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
