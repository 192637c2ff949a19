import type {
  Source,
  SourceBatch,
  SourceDescription,
  SourceOpening,
  Survey,
  SurveyRequest,
} from '#application/ports/source.ts';
import type { Dataset } from '#domain/dataset/dataset.ts';
import type { Fault } from '#domain/errors.ts';
import type { OptionGroup, ValuesOf } from '#domain/file/option-group.ts';

interface SourceDefinition<G extends OptionGroup> {
  /** The word in a pipeline file. */
  readonly kind: string;
  readonly description: string;
  /** The members that a source of this kind may have in a pipeline file. */
  readonly options: G;
  readonly isSnapshot?: boolean;
  open(options: ValuesOf<G>, opening: SourceOpening): AsyncIterable<SourceBatch>;
  windowField?(options: ValuesOf<G>): string | null;
  lastChange?(options: ValuesOf<G>, place: { readonly folder: string; readonly before: number }): Promise<number>;
  check?(options: ValuesOf<G>, datasets: readonly Dataset[]): readonly Fault[];
  describe?(options: ValuesOf<G>, opening: SourceOpening): Promise<SourceDescription | null>;
  survey?(request: SurveyRequest, opening: SourceOpening): Promise<Survey | null>;
}

/** A source whose reader is handed its options with their types. */
export function defineSource<G extends OptionGroup>(definition: SourceDefinition<G>): Source {
  const { kind, description, options, isSnapshot, open, windowField, lastChange, check, describe, survey } = definition;
  return {
    kind,
    description,
    options,
    ...(isSnapshot && { isSnapshot }),
    open: (given, opening) => open(given as ValuesOf<G>, opening),
    ...(windowField && { windowField: (given: unknown) => windowField(given as ValuesOf<G>) }),
    ...(lastChange && {
      tellsChanges: true,
      lastChange: (given: unknown, place: { readonly folder: string; readonly before: number }) =>
        lastChange(given as ValuesOf<G>, place),
    }),
    ...(check && { check: (given: unknown, datasets: readonly Dataset[]) => check(given as ValuesOf<G>, datasets) }),
    ...(describe && {
      describe: (given: unknown, opening: SourceOpening) => describe(given as ValuesOf<G>, opening),
    }),
    ...(survey && { survey }),
  };
}
