/** What is to be smoothed, and how; a weight that is null is looked for. */
export interface SmoothingOptions {
  readonly trend: boolean;
  /** Values of a season; null for none. */
  readonly season: number | null;
  readonly seasonal: 'additive' | 'multiplicative';
  readonly alpha: number | null;
  readonly beta: number | null;
  readonly gamma: number | null;
  /** Values to look ahead. */
  readonly horizon: number;
}

export interface Smoothing {
  /** For each value the forecast of it from those before; NaN for those that the model begins with. */
  readonly fitted: Float64Array;
  readonly forecast: Float64Array;
  /** The weights, null for what the model does not have. */
  readonly alpha: number;
  readonly beta: number | null;
  readonly gamma: number | null;
  /** Root of the mean squared error of `fitted`. */
  readonly rmse: number;
}

interface Weights {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
}

/** How many values a model needs at least. */
export function leastValues({ trend, season }: Pick<SmoothingOptions, 'trend' | 'season'>): number {
  return season !== null ? 2 * season : trend ? 3 : 2;
}

/**
 * Exponential smoothing as NIST writes it (NIST/SEMATECH e-Handbook of Statistical Methods, 6.4.3). With the level S, the trend
 * b and the index I of a season of L values:
 *
 *     S(t) = α (y(t) ⊘ I(t−L)) + (1 − α)(S(t−1) + b(t−1))
 *     b(t) = β (S(t) − S(t−1)) + (1 − β) b(t−1)
 *     I(t) = γ (y(t) ⊘ S(t)) + (1 − γ) I(t−L)
 *     F(t+m) = (S(t) + m b(t)) ⊕ I(t−L+m)
 *
 * where ⊘ and ⊕ take away and put on the index: − and + additive, ÷ and × multiplicative. Without a season there is no
 * I, without a trend no b.
 *
 * It begins: without a season, with S = y(1) and b = the mean of the first three changes (as many as there are); with one, at the end of the
 * first, with b = the mean of (y(L+i) − y(i))/L, S = the first season's mean + b (L − 1)/2, and as I the mean, over
 * all whole seasons, of y ⊘ the season's mean.
 */
export function smooth(values: Float64Array, options: SmoothingOptions): Smoothing {
  const start = startOf(values, options);
  const weights = findWeights(values, options, start);
  const fitted = new Float64Array(values.length).fill(Number.NaN);
  const state = run(values, options, start, weights, fitted);
  const errors = values.length - start.from;
  return {
    fitted,
    forecast: ahead(state, options, values.length),
    alpha: weights.alpha,
    beta: options.trend ? weights.beta : null,
    gamma: options.season === null ? null : weights.gamma,
    rmse: Math.sqrt(state.squares / errors),
  };
}

interface Start {
  /** The place of the first value that is forecast. */
  readonly from: number;
  readonly level: number;
  readonly trend: number;
  readonly indices: Float64Array;
}

function startOf(values: Float64Array, { trend, season, seasonal }: SmoothingOptions): Start {
  const at = (index: number) => values[index] ?? 0;
  if (season === null) {
    const changes = Math.min(3, values.length - 1);
    const slope = trend ? (at(changes) - at(0)) / changes : 0;
    return { from: 1, level: at(0), trend: slope, indices: new Float64Array(0) };
  }
  let slope = 0;
  if (trend) for (let index = 0; index < season; index++) slope += (at(season + index) - at(index)) / season / season;
  const indices = new Float64Array(season);
  const whole = Math.floor(values.length / season);
  for (let year = 0; year < whole; year++) {
    const mean = meanOf(values, year * season, season);
    for (let index = 0; index < season; index++) {
      const value = at(year * season + index);
      indices[index] = (indices[index] ?? 0) + (seasonal === 'additive' ? value - mean : value / mean) / whole;
    }
  }
  return { from: season, level: meanOf(values, 0, season) + (slope * (season - 1)) / 2, trend: slope, indices };
}

function meanOf(values: Float64Array, from: number, count: number): number {
  let sum = 0;
  for (let index = from; index < from + count; index++) sum += values[index] ?? 0;
  return sum / count;
}

interface State {
  level: number;
  trend: number;
  readonly indices: Float64Array;
  squares: number;
}

/** Goes through the values once; `fitted` takes the forecasts where somebody wants them. */
function run(
  values: Float64Array,
  { trend, season, seasonal }: SmoothingOptions,
  start: Start,
  { alpha, beta, gamma }: Weights,
  fitted: Float64Array | null,
): State {
  const isAdditive = seasonal === 'additive';
  const state: State = { level: start.level, trend: start.trend, indices: start.indices.slice(), squares: 0 };
  for (let at = start.from; at < values.length; at++) {
    const value = values[at] ?? 0;
    const place = season === null ? 0 : at % season;
    const index = season === null ? (isAdditive ? 0 : 1) : (state.indices[place] ?? 0);
    const expected = state.level + state.trend;
    const forecast = isAdditive ? expected + index : expected * index;
    if (fitted !== null) fitted[at] = forecast;
    state.squares += (value - forecast) ** 2;
    const before = state.level;
    state.level = alpha * (isAdditive ? value - index : value / index) + (1 - alpha) * expected;
    if (trend) state.trend = beta * (state.level - before) + (1 - beta) * state.trend;
    if (season !== null) {
      const newest = isAdditive ? value - state.level : value / state.level;
      state.indices[place] = gamma * newest + (1 - gamma) * index;
    }
  }
  return state;
}

function ahead({ level, trend, indices }: State, { season, seasonal, horizon }: SmoothingOptions, from: number) {
  return Float64Array.from({ length: horizon }, (_, step) => {
    const straight = level + (step + 1) * trend;
    if (season === null) return straight;
    const index = indices[(from + step) % season] ?? 0;
    return seasonal === 'additive' ? straight + index : straight * index;
  });
}

const GRID = [0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99];
/** Steps of the search, each a part of the one before, down to what no longer shows. */
const FIRST_STEP = 0.05;
const LAST_STEP = 1e-7;

/** The weights with the least sum of squares: the best of a grid, then R. Hooke & T. Jeeves' direct search from there (Journal of the ACM 8(2), 1961). */
function findWeights(values: Float64Array, options: SmoothingOptions, start: Start): Weights {
  const cost = (weights: Weights) => {
    const { squares } = run(values, options, start, weights, null);
    return Number.isFinite(squares) ? squares : Number.POSITIVE_INFINITY;
  };
  const axis = (given: number | null, isThere: boolean) => (!isThere ? [0] : given === null ? GRID : [given]);
  let best: Weights = { alpha: options.alpha ?? 0.5, beta: options.beta ?? 0.1, gamma: options.gamma ?? 0.1 };
  let least = Number.POSITIVE_INFINITY;
  for (const alpha of axis(options.alpha, true)) {
    for (const beta of axis(options.beta, options.trend)) {
      for (const gamma of axis(options.gamma, options.season !== null)) {
        const squares = cost({ alpha, beta, gamma });
        if (squares >= least) continue;
        least = squares;
        best = { alpha, beta, gamma };
      }
    }
  }
  const free: (keyof Weights)[] = [];
  if (options.alpha === null) free.push('alpha');
  if (options.beta === null && options.trend) free.push('beta');
  if (options.gamma === null && options.season !== null) free.push('gamma');
  for (let step = FIRST_STEP; step >= LAST_STEP && free.length > 0; ) {
    let moved = false;
    for (const name of free) {
      for (const move of [step, -step]) {
        const tried = { ...best, [name]: Math.min(1, Math.max(0, best[name] + move)) };
        const squares = cost(tried);
        if (squares >= least) continue;
        least = squares;
        best = tried;
        moved = true;
      }
    }
    if (!moved) step /= 2;
  }
  return best;
}
