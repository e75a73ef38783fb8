/** Time as the data plane uses it; a virtual clock stands in for it in simulations. */
export interface Timing {
  /** Milliseconds that never go back. */
  now(): number
  /** Resolves after `ms`, or at once when the signal fires. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Lets everything else that is due have its turn. */
  turn(): Promise<void>
}

export const systemTiming: Timing = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
    }),
  turn: () => new Promise(setImmediate),
}
