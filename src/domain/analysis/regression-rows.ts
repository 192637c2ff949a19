import type { Row } from '../record/value.ts';
import type { ParametersOf } from './analysis.ts';
import type { LinearFit } from './least-squares.ts';

/** A fitted model as the rows of a result of `regression`. */
export function regressionRows({ x, intercept }: ParametersOf<'regression'>, fit: LinearFit): Row[] {
  const names = intercept ? ['(intercept)', ...x] : x;
  return names.map((name, index) => {
    const { estimate = null, standardError = null } = fit.terms[index] ?? {};
    const tValue = estimate === null || standardError === null || standardError === 0 ? null : estimate / standardError;
    return [
      name,
      finite(estimate),
      finite(standardError),
      finite(tValue),
      BigInt(fit.rows),
      BigInt(fit.degreesOfFreedom),
      finite(fit.residualSd),
      finite(fit.rSquared),
    ];
  });
}

/** What is past a DOUBLE is not known. */
function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
