/** Something to wait for that happens again and again. */
export class Wake {
  readonly #waiting = new Set<() => void>()

  /**
   * Resolves at the next `fire`, or when the signal fires; then nothing is left of the wait. With one promise for all, each race against a time-out would leave
   * its own behind until something happens, which may take days.
   */
  next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        resolve()
      }
      this.#waiting.add(done)
      signal?.addEventListener('abort', done, { once: true })
    })
  }

  fire(): void {
    for (const done of this.#waiting) done()
  }
}
