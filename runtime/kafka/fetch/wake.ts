/** Something to wait for that happens again and again. */
export class Wake {
  #promise: Promise<void> | undefined
  #resolve: () => void = () => {}

  /** Resolves at the next `fire`. */
  next(): Promise<void> {
    this.#promise ??= new Promise((resolve) => {
      this.#resolve = resolve
    })
    return this.#promise
  }

  fire(): void {
    if (this.#promise === undefined) return
    this.#promise = undefined
    this.#resolve()
  }
}
