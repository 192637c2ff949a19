import type { FastifyRequest } from 'fastify';
import { DataForgeError, type ErrorCode } from '#domain/errors.ts';
import { type Json, JsonSyntaxError, parseJson } from '#domain/record/json.ts';
import { pointer } from '#domain/record/validate-row.ts';
import { didYouMean } from '#domain/text/suggest.ts';

/** Reads the parameters of an address strictly: what is unknown or named twice is refused, never passed over. */
export class QueryParameters {
  readonly #values: Readonly<Record<string, unknown>>;

  /** @throws DataForgeError `invalid_parameter` */
  constructor(request: FastifyRequest, known: readonly string[]) {
    this.#values = request.query as Record<string, unknown>;
    for (const name in this.#values) {
      if (!known.includes(name)) {
        const list = known.length === 0 ? 'there are none here' : `the parameters are ${known.join(', ')}`;
        throw invalid(
          name,
          `"${name.slice(0, 100)}" is not a parameter of this address${didYouMean(name, known)}; ${list}.`,
        );
      }
    }
  }

  text(name: string): string | null {
    const value = this.#values[name];
    if (value === undefined) return null;
    if (typeof value !== 'string') throw invalid(name, `${name} is given more than once; give it once.`);
    if (!value.isWellFormed() || value.includes('\u0000') || value.includes('\ufffd')) {
      throw invalid(name, `${name} is not valid UTF-8, or holds U+0000.`);
    }
    return value;
  }

  count(name: string, code: ErrorCode = 'invalid_parameter'): number | null {
    const text = this.text(name);
    if (text === null) return null;
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw invalid(name, `${name} must be a whole number from 0.`, code);
  }

  flag(name: string): boolean {
    const text = this.text(name);
    if (text === null || text === 'false') return false;
    if (text === 'true') return true;
    throw invalid(name, `${name} must be true or false.`);
  }

  word<T extends string>(name: string, words: readonly T[]): T | null {
    const text = this.text(name);
    const word = words.find((candidate) => candidate === text);
    if (text === null || word !== undefined) return word ?? null;
    throw invalid(name, `${name} must be one of ${words.join(', ')}${didYouMean(text, words)}.`);
  }

  json(name: string, code: ErrorCode): Json {
    const text = this.text(name);
    if (text === null || text === '') return null;
    try {
      return parseJson(text);
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      throw invalid(name, `${name} is not JSON: ${error.message}.`, code);
    }
  }
}

function invalid(name: string, message: string, code: ErrorCode = 'invalid_parameter'): DataForgeError {
  return new DataForgeError(code, message, { faults: [{ pointer: pointer('', name.slice(0, 100)), message }] });
}
