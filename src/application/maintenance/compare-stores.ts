import type { Dataset } from '#domain/dataset/dataset.ts';
import { type StorePart, storedColumns } from '#domain/record/stored-columns.ts';
import type { NewRowsChecksum } from '../ports/rows-checksum.ts';
import type { StoreExport, StoreFacts } from '../ports/store-transfer.ts';
import { ownFactsOf, sha256, stepsOf } from './copy-steps.ts';

/** How much there is of a part, and its checksum as hexadecimal digits. */
interface Checked {
  readonly rows: number;
  readonly checksum: string;
}

/** A part of two stores. `dataset` is null for what belongs to none: the numbers, the descriptions of the datasets, who made the rows, the marks. */
export interface ComparedPart {
  readonly dataset: string | null;
  readonly part: StorePart | 'marks';
  readonly source: Checked;
  readonly target: Checked;
  readonly same: boolean;
}

interface Side {
  readonly facts: StoreFacts;
  readonly store: StoreExport;
}

/** Reads both stores whole, each for itself, and compares what was read. @param onRows told of rows of either */
export async function compareStores(
  source: Side,
  target: Side,
  newChecksum: NewRowsChecksum,
  onRows: (rows: number) => void,
): Promise<readonly ComparedPart[]> {
  const parts: ComparedPart[] = [];
  for (const step of stepsOf(source.facts)) {
    const check = (side: Side) =>
      step === 'marks' ? checkMarks(side) : checkRows(side, step.dataset, step.part, newChecksum, onRows);
    // One behind the other: a failure of one then leaves nothing of the other under way.
    const [ours, theirs] = [await check(source), await check(target)];
    parts.push({
      dataset: step === 'marks' ? null : step.dataset.name,
      part: step === 'marks' ? 'marks' : step.part,
      source: ours,
      target: theirs,
      same: ours.rows === theirs.rows && ours.checksum === theirs.checksum,
    });
  }
  return parts;
}

async function checkRows(
  { facts, store }: Side,
  dataset: Dataset,
  part: StorePart,
  newChecksum: NewRowsChecksum,
  onRows: (rows: number) => void,
): Promise<Checked> {
  const own = facts.datasets.find((each) => each.dataset.name === dataset.name)?.dataset;
  if (own === undefined) return { rows: 0, checksum: '' };
  const checksum = newChecksum(storedColumns(own, part).map(({ dbType }) => dbType));
  let rows = 0;
  for await (const batch of store.rows(own, part, 0)) {
    checksum.add(batch);
    rows += batch.length;
    onRows(batch.length);
  }
  return { rows, checksum: checksum.digest() };
}

/** Marks have no order that all engines share: their checksums are sorted. */
async function checkMarks({ facts, store }: Side): Promise<Checked> {
  const each: string[] = [];
  for await (const marks of store.marks()) {
    for (const { kind, key, value, madeAt } of marks) each.push(sha256(JSON.stringify([kind, key, value, madeAt])));
  }
  return { rows: each.length, checksum: sha256(ownFactsOf(facts) + each.sort().join('')) };
}
