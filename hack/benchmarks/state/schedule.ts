/** How much state is measured, and how often, as data. */

export interface StateSize {
  readonly keys: number
  /** Of a key, bytes: shorter ones lie in their rows, longer ones beside them. */
  readonly keyBytes: 13 | 36
}

export interface StateSchedule {
  /** Processes of the same worker one after the other, and transactions that are aborted. */
  readonly restarts: StateSize & { readonly repetitions: number; readonly aborts: number }
  /** Two workers with half of it each; one is killed. */
  readonly takeOver: StateSize & { readonly repetitions: number }
}

/** Quarter of an hour on two cores. A worker of the second has a gigabyte. */
export const fullState: StateSchedule = {
  restarts: { keys: 10_000_000, keyBytes: 13, repetitions: 2, aborts: 3 },
  takeOver: { keys: 14_000_000, keyBytes: 36, repetitions: 1 },
}

/** A few minutes. */
export const quickState: StateSchedule = {
  restarts: { keys: 1_000_000, keyBytes: 13, repetitions: 2, aborts: 3 },
  takeOver: { keys: 1_000_000, keyBytes: 36, repetitions: 1 },
}
