import { formatDbType } from '../dataset/db-type.ts';
import { type Json, kindOfJson, writeJson } from '../record/json.ts';
import { didYouMean } from '../text/suggest.ts';
import { type AnalysisColumn, type ColumnKind, isOfKind, KIND_WORDS } from './column.ts';
import { nameAt, type Parameter, type ParameterContext, readItems } from './parameter.ts';

/** The name of a column of a kind. */
export function columnName(
  kind: ColumnKind,
  description: string,
  side: 'columns' | 'others' = 'columns',
): Parameter<string> {
  return {
    schema: { type: 'string', description },
    required: true,
    read: (json, at, context) => readColumn(json, at, { kind, known: context[side], context }),
  };
}

interface ColumnRule {
  readonly kind: ColumnKind;
  readonly known: readonly AnalysisColumn[];
  readonly context: ParameterContext;
}

function readColumn(json: Json | undefined, at: string, { kind, known, context: { faults } }: ColumnRule): string {
  if (typeof json !== 'string') {
    faults.add(at, `${nameAt(at)} must be the name of a column, not ${kindOfJson(json ?? null)}.`);
    return '';
  }
  const found = known.find(({ name }) => name === json);
  if (found === undefined) {
    const names = known.map(({ name }) => name);
    const shown = names.length > 20 ? [...names.slice(0, 20), '…'] : names;
    faults.add(
      at,
      `${writeJson(json)} is not a column${didYouMean(json, names)}; the columns are ${shown.join(', ')}.`,
    );
  } else if (!isOfKind(kind, found.dbType)) {
    faults.add(at, `${json} is ${formatDbType(found.dbType)}, and this must be ${KIND_WORDS[kind]}.`);
  }
  return json;
}

/** Different columns of a kind, at least one. Where nothing is said: `fallback` of them, or none. */
export function columnNames(
  kind: ColumnKind,
  description: string,
  rule: { readonly fallback?: 'all' | 'none'; readonly most?: number; readonly side?: 'columns' | 'others' } = {},
): Parameter<readonly string[]> {
  const { fallback, most = 1000, side = 'columns' } = rule;
  return {
    schema: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: most, uniqueItems: true, description },
    required: fallback === undefined,
    read: (json, at, context) => {
      const { [side]: columns, faults } = context;
      if (json === undefined) {
        const named = columns.filter(({ system, dbType }) => !system && isOfKind(kind, dbType)).map(({ name }) => name);
        const names = fallback === 'all' ? named : [];
        if (fallback === 'all' && names.length === 0) faults.add(at, `No column is ${KIND_WORDS[kind]}.`);
        if (names.length > most) faults.add(at, `There are more than ${most} columns; name those you want.`);
        return names;
      }
      const names = readItems(json, at, { least: 1, most }, faults).map((item, index) =>
        readColumn(item, `${at}/${index}`, { kind, known: columns, context }),
      );
      names.forEach((name, index) => {
        if (names.indexOf(name) < index) faults.add(`${at}/${index}`, `${name} is named twice; name it once.`);
      });
      return names;
    },
  };
}

/** A name that a result column is to have. */
export function resultName(description: string): Parameter<string | null> {
  return {
    schema: { type: 'string', minLength: 1, maxLength: 200, description },
    required: false,
    read: (json, at, { faults }) => {
      if (json === undefined) return null;
      if (typeof json === 'string' && json.length > 0 && json.length <= 200) return json;
      faults.add(at, `${nameAt(at)} must be a text of 1 to 200 characters.`);
      return null;
    },
  };
}

/** The name of a dataset. */
export function datasetName(description: string): Parameter<string> {
  return {
    schema: { type: 'string', description },
    required: true,
    read: (json, at, { faults }) => {
      if (typeof json !== 'string') faults.add(at, `${nameAt(at)} must be the name of a dataset.`);
      return String(json);
    },
  };
}
