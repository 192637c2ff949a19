import { DataForgeError, type ErrorCode, type Fault } from '../errors.ts';
import { type JsonObject, writeJson } from '../record/json.ts';

/** More faults than this help nobody. */
const MAX_FAULTS = 100;

/** Gathers what is wrong with one part of a request, so that all of it is told at once. */
export class FaultList {
  readonly faults: Fault[] = [];

  add(pointer: string, message: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ pointer, message });
  }

  /** Throws where anything was added; the message is the only fault, or the first of many. */
  throwIfAny(code: ErrorCode, subject: string): void {
    const [first] = this.faults;
    if (first === undefined) return;
    const message =
      this.faults.length === 1
        ? first.message
        : `The ${subject} has ${this.faults.length} faults, each listed in errors; the first: ${first.message}`;
    throw new DataForgeError(code, message, { faults: this.faults });
  }

  /** Adds a fault for each member that is named twice or is none of `allowed`. */
  checkMembers(json: JsonObject, allowed: readonly string[], pointer: string): void {
    const seen = new Set<string>();
    for (const { name } of json.members) {
      if (seen.has(name)) this.add(pointer, `${writeJson(name)} is named twice; name it once.`);
      else if (!allowed.includes(name)) {
        this.add(pointer, `${writeJson(name)} is not known here; the members are ${allowed.join(', ')}.`);
      }
      seen.add(name);
    }
  }
}
