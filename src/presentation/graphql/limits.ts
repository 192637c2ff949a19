import {
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { refusal } from './errors.ts';

/** What one document may ask for. */
export interface GraphqlLimits {
  /** Fields inside each other; the standard introspection query has 16. */
  readonly maxDepth: number;
  /** Fields in all, with those of fragments as often as they are spread; each field of the root counts ten. */
  readonly maxCost: number;
  readonly maxAliases: number;
  /** Requests in one body. */
  readonly maxBatch: number;
}

const ROOT_COST = 10;

interface Measure {
  readonly depth: number;
  readonly cost: number;
  readonly aliases: number;
}

const NOTHING: Measure = { depth: 0, cost: 0, aliases: 0 };

/** Refuses documents past the limits before anything of them runs. */
export function limitRule({ maxDepth, maxCost, maxAliases }: GraphqlLimits): ValidationRule {
  return (context) => ({
    OperationDefinition(node) {
      const measured = measureOf(context, node.selectionSet);
      const check = (what: string, value: number, most: number) => {
        if (value <= most) return;
        context.reportError(refusal('too_large', `The document has ${what} past the limit of ${most}; ask for less.`));
      };
      check('a depth', measured.depth, maxDepth);
      check('a cost', measured.cost + (ROOT_COST - 1) * node.selectionSet.selections.length, maxCost);
      check('a number of aliases', measured.aliases, maxAliases);
    },
  });
}

/** Fragments are measured once each, so that fragments of fragments cost no time. */
function measureOf(context: ValidationContext, root: SelectionSetNode): Measure {
  const known = new Map<string, Measure>();
  return ofSet(root);

  function ofSet(set: SelectionSetNode | undefined): Measure {
    let { depth, cost, aliases } = NOTHING;
    for (const node of set?.selections ?? []) {
      const inner = node.kind === Kind.FRAGMENT_SPREAD ? ofFragment(node.name.value) : ofSet(node.selectionSet);
      const own = node.kind === Kind.FIELD ? 1 : 0;
      depth = Math.max(depth, inner.depth + own);
      cost += inner.cost + own;
      aliases += inner.aliases + (node.kind === Kind.FIELD && node.alias ? 1 : 0);
    }
    return { depth, cost, aliases };
  }

  function ofFragment(name: string): Measure {
    const done = known.get(name);
    if (done) return done;
    // A fragment inside itself is another rule's to refuse.
    known.set(name, NOTHING);
    const fragment: FragmentDefinitionNode | null | undefined = context.getFragment(name);
    const measure = fragment ? ofSet(fragment.selectionSet) : NOTHING;
    known.set(name, measure);
    return measure;
  }
}
