/** Lets so many long engine calls run at once, the others wait in line. */
export interface AdmissionGate {
  /**
   * Runs `work` when a place is free, first come, first served.
   * @throws DataForgeError `too_many_requests` where the line is full; the signal's reason where it fires while waiting
   */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}
