import type { Dataset } from '#domain/dataset/dataset.ts';
import { DataForgeError } from '#domain/errors.ts';
import type { CompilePattern } from '#domain/record/pattern.ts';
import { compileRowValidator, type RowValidator } from '#domain/record/validate-row.ts';
import { didYouMean } from '#domain/text/suggest.ts';

/** A dataset that is served, with its rules compiled. */
export interface ServedDataset {
  readonly dataset: Dataset;
  readonly validator: RowValidator;
}

/** The datasets that are served now. A reload puts a new set in the place of the old one, all at once. */
export class DatasetCatalog {
  readonly #compilePattern: CompilePattern;
  #served: ReadonlyMap<string, ServedDataset> = new Map();
  #revision = 0;

  constructor(compilePattern: CompilePattern) {
    this.#compilePattern = compilePattern;
  }

  /** Grows with each new set. */
  get revision(): number {
    return this.#revision;
  }

  /** @throws DataForgeError `unknown_dataset` */
  get(name: string): ServedDataset {
    const served = this.#served.get(name);
    if (served) return served;
    throw new DataForgeError('unknown_dataset', unknownDataset(name, [...this.#served.keys()]));
  }

  /** The same for whoever writes to it. @throws DataForgeError `forbidden` for one that the platform keeps, `unknown_dataset` */
  getWritable(name: string): ServedDataset {
    const served = this.get(name);
    if (!served.dataset.system) return served;
    throw new DataForgeError(
      'forbidden',
      `The dataset "${served.dataset.name}" is kept by the platform itself, and can only be read.`,
    );
  }

  list(): readonly Dataset[] {
    return [...this.#served.values()].map(({ dataset }) => dataset);
  }

  replace(datasets: readonly Dataset[]): void {
    const sorted = [...datasets].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#served = new Map(
      sorted.map((dataset) => [
        dataset.name,
        { dataset, validator: compileRowValidator(dataset, this.#compilePattern) },
      ]),
    );
    this.#revision++;
  }
}

/** The sentence that says so, with the name that may have been meant. */
export function unknownDataset(name: string, names: readonly string[]): string {
  return `There is no dataset "${name.slice(0, 200)}"${didYouMean(name, names)}; GET /api/v1/schemas lists those there are.`;
}
