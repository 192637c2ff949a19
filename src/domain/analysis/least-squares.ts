/** What is known of a term of a linear model; null where the rows do not determine it. */
interface FittedTerm {
  readonly estimate: number | null;
  readonly standardError: number | null;
}

export interface LinearFit {
  /** The intercept first, where there is one, then the columns in their order. */
  readonly terms: readonly FittedTerm[];
  readonly rows: number;
  readonly degreesOfFreedom: number;
  /** Null without degrees of freedom. */
  readonly residualSd: number | null;
  /** Null where `y` does not vary. */
  readonly rSquared: number | null;
}

/** A pivot below this part of its column's length is taken for zero: the column follows from those before it. */
const SINGULAR = 1e-11;

/**
 * Ordinary least squares of rows that come one by one, by planar (Givens) rotations: W. M. Gentleman, Algorithm AS 75,
 * Applied Statistics 23(3), 1974, pp. 448–454. Holds the triangle of the k terms alone, whatever the number of rows.
 * Columns are counted from their value in the first row, which keeps the digits of columns far from zero; the fit is the
 * same, since that shift only moves the intercept.
 */
export class LeastSquares {
  readonly #intercept: boolean;
  readonly #size: number;
  readonly #origin: Float64Array;
  readonly #row: Float64Array;
  /** Squared lengths of the rotated rows. */
  readonly #lengths: Float64Array;
  /** The unit triangle above the diagonal, row by row. */
  readonly #triangle: Float64Array;
  readonly #response: Float64Array;
  /** Squared length of each column as it came, to judge what is zero. */
  readonly #scales: Float64Array;
  #originY = 0;
  #residual = 0;
  #rows = 0;
  #meanY = 0;
  #totalY = 0;
  #squaresY = 0;

  constructor(columns: number, intercept: boolean) {
    this.#intercept = intercept;
    this.#size = columns + (intercept ? 1 : 0);
    this.#origin = new Float64Array(columns);
    this.#row = new Float64Array(this.#size);
    this.#lengths = new Float64Array(this.#size);
    this.#triangle = new Float64Array((this.#size * (this.#size - 1)) / 2);
    this.#response = new Float64Array(this.#size);
    this.#scales = new Float64Array(this.#size);
  }

  /** Takes some rows: the columns' values and those of `y`. */
  add(columns: readonly Float64Array[], y: Float64Array): void {
    const first = this.#intercept ? 1 : 0;
    for (let at = 0; at < y.length; at++) {
      if (this.#rows === 0 && this.#intercept) this.#begin(columns, y, at);
      if (this.#intercept) this.#row[0] = 1;
      for (let index = 0; index < columns.length; index++) {
        this.#row[index + first] = (columns[index]?.[at] ?? 0) - (this.#origin[index] ?? 0);
      }
      this.#include((y[at] ?? 0) - this.#originY);
    }
  }

  #begin(columns: readonly Float64Array[], y: Float64Array, at: number): void {
    columns.forEach((values, index) => {
      this.#origin[index] = values[at] ?? 0;
    });
    this.#originY = y[at] ?? 0;
  }

  #include(y: number): void {
    const row = this.#row;
    this.#rows++;
    const delta = y - this.#meanY;
    this.#meanY += delta / this.#rows;
    this.#totalY += delta * (y - this.#meanY);
    this.#squaresY += y * y;
    let weight = 1;
    let rest = y;
    let place = 0;
    for (let index = 0; index < this.#size; index++) {
      const x = row[index] ?? 0;
      this.#scales[index] = (this.#scales[index] ?? 0) + x * x;
      if (x === 0 || weight === 0) {
        place += this.#size - index - 1;
        continue;
      }
      const length = this.#lengths[index] ?? 0;
      const longer = length + weight * x * x;
      const cosine = length / longer;
      const sine = (weight * x) / longer;
      weight *= cosine;
      this.#lengths[index] = longer;
      for (let other = index + 1; other < this.#size; other++, place++) {
        const before = row[other] ?? 0;
        const above = this.#triangle[place] ?? 0;
        row[other] = before - x * above;
        this.#triangle[place] = cosine * above + sine * before;
      }
      const before = rest;
      const above = this.#response[index] ?? 0;
      rest = before - x * above;
      this.#response[index] = cosine * above + sine * before;
    }
    this.#residual += weight * rest * rest;
  }

  finish(): LinearFit {
    const known = this.#determined();
    const rank = known.filter(Boolean).length;
    const degreesOfFreedom = Math.max(0, this.#rows - rank);
    const variance = degreesOfFreedom === 0 ? null : this.#residual / degreesOfFreedom;
    const estimates = this.#estimates(known);
    const inverse = this.#inverse(known);
    const total = this.#intercept ? this.#totalY : this.#squaresY;
    return {
      terms: estimates.map((estimate, index) => {
        if (!known[index]) return { estimate: null, standardError: null };
        const variances = inverse[index] as Float64Array;
        const spread = index === 0 && this.#intercept ? this.#spreadOfIntercept(inverse) : variances[index];
        return {
          estimate: index === 0 && this.#intercept ? this.#interceptOf(estimates) : estimate,
          standardError: variance === null ? null : Math.sqrt(variance * Math.max(0, spread ?? 0)),
        };
      }),
      rows: this.#rows,
      degreesOfFreedom,
      residualSd: variance === null ? null : Math.sqrt(variance),
      rSquared: total > 0 ? 1 - this.#residual / total : null,
    };
  }

  #determined(): boolean[] {
    return Array.from(this.#lengths, (length, index) => length > SINGULAR ** 2 * (this.#scales[index] ?? 0));
  }

  #at(row: number, column: number): number {
    return this.#triangle[row * this.#size - (row * (row + 1)) / 2 + (column - row - 1)] ?? 0;
  }

  /** By substitution from the last term to the first. */
  #estimates(known: readonly boolean[]): number[] {
    const estimates = new Array<number>(this.#size).fill(0);
    for (let row = this.#size - 1; row >= 0; row--) {
      if (!known[row]) continue;
      let value = this.#response[row] ?? 0;
      for (let column = row + 1; column < this.#size; column++)
        value -= this.#at(row, column) * (estimates[column] ?? 0);
      estimates[row] = value;
    }
    return estimates;
  }

  /** (XᵀX)⁻¹ of the shifted columns: R⁻¹ D⁻¹ R⁻ᵀ, by the inverse of the triangle. */
  #inverse(known: readonly boolean[]): Float64Array[] {
    const size = this.#size;
    const inverted = Array.from({ length: size }, () => new Float64Array(size));
    for (let row = size - 1; row >= 0; row--) {
      if (!known[row]) continue;
      const target = inverted[row] as Float64Array;
      target[row] = 1;
      for (let column = row + 1; column < size; column++) {
        const factor = this.#at(row, column);
        const below = inverted[column] as Float64Array;
        for (let at = column; at < size; at++) target[at] = (target[at] ?? 0) - factor * (below[at] ?? 0);
      }
    }
    return inverted.map((left) =>
      Float64Array.from(inverted, (right) => {
        let sum = 0;
        for (let at = 0; at < size; at++) {
          const length = this.#lengths[at] ?? 0;
          if (known[at]) sum += ((left[at] ?? 0) * (right[at] ?? 0)) / length;
        }
        return sum;
      }),
    );
  }

  /** The constant term at zero, not at the first row. */
  #interceptOf(estimates: readonly number[]): number {
    let value = this.#originY + (estimates[0] ?? 0);
    this.#origin.forEach((origin, index) => {
      value -= origin * (estimates[index + 1] ?? 0);
    });
    return value;
  }

  #spreadOfIntercept(inverse: readonly Float64Array[]): number {
    const factors = [1, ...Array.from(this.#origin, (origin) => -origin)];
    let sum = 0;
    for (const [row, left] of factors.entries()) {
      for (const [column, right] of factors.entries()) sum += left * right * (inverse[row]?.[column] ?? 0);
    }
    return sum;
  }
}
