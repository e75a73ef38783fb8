import type { ByteReader, ByteWriter } from './bytes.ts'
import { decodeKept, encodeKept, fieldOf, numberOf, type Summary, type SummaryKind } from './summary.ts'

export interface TopNOptions {
  /** The number field that ranks. */
  readonly by: string
  readonly n: number
  /** What is kept of a record; null: all of it. */
  readonly field: string | null
  readonly name: string
}

/** The n records with the greatest `by`, greatest first; of equals the one with the earlier event time, then the one that came earlier. */
export function topN(options: TopNOptions): SummaryKind {
  return {
    empty: () => new Ranking(options, []),
    read: (reader: ByteReader) => {
      const ranks = Array.from({ length: reader.whole() }, () => ({ by: reader.double(), timestamp: reader.double(), value: reader.block() }))
      return new Ranking(options, ranks)
    },
  }
}

interface Rank {
  readonly by: number
  readonly timestamp: number
  /** JSON. */
  readonly value: Uint8Array
}

class Ranking implements Summary {
  readonly #options: TopNOptions
  /** Best first. */
  readonly #ranks: Rank[]

  constructor(options: TopNOptions, ranks: Rank[]) {
    this.#options = options
    this.#ranks = ranks
  }

  add(value: unknown, timestamp: number): void {
    const { by: byField, n, field, name } = this.#options
    const by = numberOf(value, byField, name)
    if (by === undefined) return
    const at = this.#place(by, timestamp)
    if (at === n) return
    const kept = field === null ? value : (fieldOf(value, field) ?? null)
    this.#insert(at, { by, timestamp, value: encodeKept(kept, name) })
  }

  merge(other: this): void {
    for (const rank of other.#ranks) this.#insert(this.#place(rank.by, rank.timestamp), rank)
  }

  write(writer: ByteWriter): void {
    writer.whole(this.#ranks.length)
    for (const { by, timestamp, value } of this.#ranks) {
      writer.double(by)
      writer.double(timestamp)
      writer.block(value)
    }
  }

  result(): unknown {
    return this.#ranks.map(({ value }) => decodeKept(value))
  }

  #place(by: number, timestamp: number): number {
    let at = this.#ranks.length
    while (at > 0 && precedes(by, timestamp, this.#ranks[at - 1]!)) at--
    return at
  }

  #insert(at: number, rank: Rank): void {
    this.#ranks.splice(at, 0, rank)
    if (this.#ranks.length > this.#options.n) this.#ranks.pop()
  }
}

/** Whether a new record stands before one that is ranked already. */
function precedes(by: number, timestamp: number, rank: Rank): boolean {
  return by > rank.by || (by === rank.by && timestamp < rank.timestamp)
}
