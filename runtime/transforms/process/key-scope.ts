/** Whose state it is, and when: the key of the record or timer in work. */
export class KeyScope {
  /** What expires at or before it is gone, epoch ms. */
  now = -Infinity
  /** What is written lives from here on, epoch ms. */
  written = -Infinity
  #key: Buffer | null = null

  /** The bytes of the record key; they are not written again. Throws outside of a function. */
  get key(): Buffer {
    if (this.#key !== null) return this.#key
    throw new Error('state, timers and emit belong to the record or timer in work: do not use them later')
  }

  enter(key: Buffer, now: number, written: number): void {
    this.#key = key
    this.now = now
    this.written = written
  }

  leave(): void {
    this.#key = null
  }
}
