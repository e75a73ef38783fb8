/** Time as the operator sees it; tests hand in one that they move by hand. */
export interface Clock {
  /** Wall time in epoch milliseconds: for what is written down, never for measuring. */
  now(): number
  /** Milliseconds of a clock that never goes back: for measuring and for deadlines. */
  monotonic(): number
  /** Runs `action` once after `milliseconds`; the returned function cancels it. */
  after(milliseconds: number, action: () => void): () => void
}

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(milliseconds, action) {
    // A timer takes at most 2^31-1 ms; above it Node would fire at once.
    const timer = setTimeout(action, Math.min(milliseconds, 2_147_483_647))
    return () => clearTimeout(timer)
  },
}

/** Resolves after `milliseconds`, or rejects with the signal's reason as soon as it is aborted. */
export function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const onAbort = (): void => {
      cancel()
      reject(signal.reason as Error)
    }
    const cancel = clock.after(milliseconds, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** A signal that aborts with the outer one, or with `reason` when the time is up. Disposing it lets go of both. */
export function deadline(clock: Clock, timeoutMs: number, outer: AbortSignal, reason: () => Error): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(outer.reason)
  if (outer.aborted) onAbort()
  else outer.addEventListener('abort', onAbort, { once: true })
  const cancel = Number.isFinite(timeoutMs) ? clock.after(timeoutMs, () => controller.abort(reason())) : (): void => {}
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      cancel()
      outer.removeEventListener('abort', onAbort)
    },
  }
}
