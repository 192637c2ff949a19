import { DataForgeError, type Fault } from '../errors.ts';
import { type JsonObject, jsonFrom } from '../record/json.ts';
import { type OptionGroup, readGroup, type ValuesOf } from './option-group.ts';

/**
 * What a group of options makes of members that a program has put together.
 * @throws DataForgeError `invalid_parameter` with what the group refuses
 */
export function readMembers<G extends OptionGroup>(
  members: Readonly<Record<string, unknown>>,
  group: G,
  path: string,
): ValuesOf<G> {
  const faults: Fault[] = [];
  const values = readGroup(jsonFrom(members) as JsonObject, group, { pointer: '', path, faults });
  if (values !== undefined) return values;
  throw new DataForgeError('invalid_parameter', `${faults[0]?.message ?? path}.`, { faults });
}
