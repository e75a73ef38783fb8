/** What happened in a run, for people: who, when in virtual time, what. */

export interface HistoryEvent {
  /** Virtual ms. */
  readonly at: number
  readonly who: string
  readonly what: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Keeps the newest events only: what led to a violation is near its end. */
export class History {
  readonly #now: () => number
  readonly #keep: number
  #events: HistoryEvent[] = []
  #count = 0
  /** Changes with every event: two runs of a seed that took the same course have the same one. */
  #fingerprint = 0

  constructor(now: () => number, keep = 4_000) {
    this.#now = now
    this.#keep = keep
  }

  note(who: string, what: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const at = this.#now()
    this.#events.push({ at, who, what, fields })
    this.#count++
    this.#mix(`${at} ${who} ${what}`)
    if (this.#events.length >= 2 * this.#keep) this.#events = this.#events.slice(-this.#keep)
  }

  get count(): number {
    return this.#count
  }

  get fingerprint(): string {
    return `${this.#count}-${(this.#fingerprint >>> 0).toString(16)}`
  }

  /** The newest events, oldest first, one line each. */
  lines(newest = this.#keep): readonly string[] {
    return this.#events.slice(-newest).map(({ at, who, what, fields }) => {
      const details = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      return `${(at / 1_000).toFixed(3).padStart(9)}  ${who.padEnd(12)}  ${what}${details.length === 0 ? '' : `  ${details.join(' ')}`}`
    })
  }

  #mix(text: string): void {
    let hash = this.#fingerprint
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193)
    this.#fingerprint = hash
  }
}
