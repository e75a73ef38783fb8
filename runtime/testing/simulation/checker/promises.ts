import type { PlainRecord } from './plain-records.ts'
import { Violation } from './violation.ts'

/** What a marker says of one writer. */
export interface Said {
  readonly writer: string
  readonly watermark: number
  readonly idle: boolean
}

interface Known {
  readonly watermark: number
  /** Behind: it was idle, and is not yet where those are that were waited for. */
  readonly phase: 'active' | 'idle' | 'behind'
}

const unheard: Known = { watermark: -Infinity, phase: 'active' }

/** What several writers have said, and the watermark that this comes to, the plain way. */
export class Promises {
  readonly #known: Map<string, Known>
  #watermark = -Infinity

  constructor(writers: readonly string[]) {
    this.#known = new Map(writers.map((writer) => [writer, unheard]))
  }

  get watermark(): number {
    return this.#watermark
  }

  of(writer: string): Known {
    return this.#known.get(writer) ?? unheard
  }

  /** Takes a marker in. Tells whether the watermark rose. */
  hear(marker: PlainRecord): boolean {
    for (const { writer, watermark, idle } of saidIn(marker)) {
      const before = this.of(writer)
      if (watermark < before.watermark) throw new Violation(`a marker of ${writer} goes back from ${before.watermark} to ${watermark}`)
      const back = before.phase === 'active' || watermark >= this.#watermark ? 'active' : 'behind'
      this.#known.set(writer, { watermark, phase: idle ? 'idle' : back })
    }
    const known = [...this.#known.values()]
    const awaited = known.filter(({ phase }) => phase === 'active').map(({ watermark }) => watermark)
    const all = known.map(({ watermark }) => watermark)
    const next = awaited.length > 0 ? Math.min(...awaited) : this.idle ? Math.max(...all) : -Infinity
    const rose = next > this.#watermark
    if (rose) this.#watermark = next
    return rose
  }

  /** Whether nobody has anything to say for now. */
  get idle(): boolean {
    return [...this.#known.values()].every(({ phase }) => phase === 'idle')
  }
}

export function saidIn({ value }: PlainRecord): readonly Said[] {
  // What it must be; anything else fails right here.
  const { w } = JSON.parse(value ?? '') as { readonly w: readonly (readonly [string, number | null, 1?])[] }
  return w.map(([writer, watermark, idle]) => ({ writer, watermark: watermark ?? -Infinity, idle: idle === 1 }))
}
