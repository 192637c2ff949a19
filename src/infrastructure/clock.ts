/** The machine's clocks. */
export const systemClock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
};
