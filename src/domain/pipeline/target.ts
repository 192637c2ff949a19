import { nameFault } from '../dataset/names.ts';
import { faultAt, type Option, optional, text, withDefault, word } from '../file/option.ts';
import { object, type ValuesOf } from '../file/option-group.ts';

/** `append`: every row is a new record. `upsert`: by the natural key. `replace`: the rows of a run take the place of all before, at once. */
const TARGET_MODES = ['append', 'upsert', 'replace'] as const;

/** What becomes of rows that do not fit the dataset: the dataset grows, the run ends, or they are set aside. */
const CONTRACTS = ['freeze', 'evolve', 'quarantine'] as const;

const TARGET = {
  dataset: text('The dataset that takes the rows.'),
  mode: withDefault(
    word(
      'append makes a record of every row; upsert changes the record with the same natural key; replace puts the rows of one run in the place of all that were there, at one moment.',
      TARGET_MODES,
    ),
    'append',
  ),
  contract: withDefault(
    word(
      'What becomes of rows that do not fit the dataset: freeze ends the run and stores none of their batch, evolve adds unknown members to the dataset file as properties, quarantine sets such rows aside.',
      CONTRACTS,
    ),
    'freeze',
  ),
  quarantine: optional(text('The dataset that takes the rows set aside.')),
};

export type Target = ValuesOf<typeof TARGET>;

const target = object('Where the rows go, and how.', TARGET);

export const TARGET_OPTION: Option<Target> = {
  ...target,
  read(json, place) {
    const read = target.read(json, place);
    if (read === undefined) return undefined;
    for (const name of [read.dataset, read.quarantine]) {
      const fault = name === null ? null : nameFault(name);
      if (fault !== null) return faultAt(place, `names the dataset "${name}", and a name ${fault}`);
    }
    if (read.contract === 'quarantine' && read.quarantine === null) {
      return faultAt(place, 'has the contract quarantine; name the dataset for rows set aside as quarantine');
    }
    if (read.contract !== 'quarantine' && read.quarantine !== null) {
      return faultAt(place, 'names a dataset for rows set aside; write contract: quarantine too');
    }
    return read;
  },
};
