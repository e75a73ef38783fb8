/** Things that end with their owner, unless they were ended before. */
export class Owned implements AsyncDisposable {
  readonly #parts = new Set<AsyncDisposable>()

  /** Returns the part itself; when it is disposed of it is forgotten. */
  add<P extends AsyncDisposable>(part: P): P {
    const dispose = part[Symbol.asyncDispose].bind(part)
    part[Symbol.asyncDispose] = async () => {
      this.#parts.delete(part)
      await dispose()
    }
    this.#parts.add(part)
    return part
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#parts].map((part) => part[Symbol.asyncDispose]()))
  }
}
