/**
 * Four samples of the same mean, spread and correlation: F. J. Anscombe, "Graphs in Statistical Analysis", The American
 * Statistician 27(1), 1973. Their
 * figures were computed from the printed decimals with exact fractions, the roots to 40 digits.
 */
const X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];

export const ANSCOMBE = [
  {
    x: X,
    y: [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68],
    correlation: 0.8164205163448398,
    intercept: 3.000090909090909,
    slope: 0.5000909090909091,
  },
  {
    x: X,
    y: [9.14, 8.14, 8.74, 8.77, 9.26, 8.1, 6.13, 3.1, 9.13, 7.26, 4.74],
    correlation: 0.8162365060002428,
    intercept: 3.000909090909091,
    slope: 0.5,
  },
  {
    x: X,
    y: [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73],
    correlation: 0.8162867394895982,
    intercept: 3.0024545454545457,
    slope: 0.49972727272727274,
  },
  {
    x: [8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8],
    y: [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.5, 5.56, 7.91, 6.89],
    correlation: 0.8165214368885029,
    intercept: 3.0017272727272726,
    slope: 0.4999090909090909,
  },
] as const;
