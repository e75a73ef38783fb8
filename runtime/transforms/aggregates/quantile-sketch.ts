import { quantileError } from '../../plan/nodes/aggregates.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { numberOf, type Summary, type SummaryKind } from './summary.ts'

/** Quantiles of a number field, each within 1 % of a value of that rank; see QuantileSketch. Null each where there was no value. */
export function quantiles(field: string, at: readonly number[], name: string): SummaryKind {
  return {
    empty: () => new Quantiles(new QuantileSketch(), field, at, name),
    read: (reader) => new Quantiles(QuantileSketch.read(reader), field, at, name),
  }
}

class Quantiles implements Summary {
  readonly #sketch: QuantileSketch
  readonly #field: string
  readonly #at: readonly number[]
  readonly #name: string

  constructor(sketch: QuantileSketch, field: string, at: readonly number[], name: string) {
    this.#sketch = sketch
    this.#field = field
    this.#at = at
    this.#name = name
  }

  add(value: unknown): void {
    const number = numberOf(value, this.#field, this.#name)
    if (number !== undefined) this.#sketch.add(number)
  }

  merge(other: this): void {
    this.#sketch.merge(other.#sketch)
  }

  write(writer: ByteWriter): void {
    this.#sketch.write(writer)
  }

  result(): unknown {
    return this.#at.map((q) => this.#sketch.quantile(q))
  }
}

const gamma = (1 + quantileError) / (1 - quantileError)
const logGamma = Math.log(gamma)
/** Smaller magnitudes count as zero. */
const least = 2 ** -1_000
const mostBuckets = 2_048

/**
 * DDSketch (Masson, Rim, Lee: VLDB 2019): bucket i counts the magnitudes in (gamma^(i-1), gamma^i], so its middle is within 1 % of each of them. The quantile
 * q of n values is that of rank floor(q (n - 1)), counted from 0; the least and the greatest are exact. At most 2048 buckets a sign: magnitudes more than
 * 10^17 times smaller than the greatest are counted as that small. The state depends on the values alone, neither on their order nor on merges.
 */
export class QuantileSketch {
  #min = Infinity
  #max = -Infinity
  #zeros = 0
  #negative = new Buckets()
  #positive = new Buckets()

  static read(reader: ByteReader): QuantileSketch {
    const sketch = new QuantileSketch()
    sketch.#min = reader.double()
    sketch.#max = reader.double()
    sketch.#zeros = reader.whole()
    sketch.#negative = Buckets.read(reader)
    sketch.#positive = Buckets.read(reader)
    return sketch
  }

  write(writer: ByteWriter): void {
    writer.double(this.#min)
    writer.double(this.#max)
    writer.whole(this.#zeros)
    this.#negative.write(writer)
    this.#positive.write(writer)
  }

  add(number: number): void {
    // -0 is 0: which of them is the smaller must not depend on which came first.
    const value = number + 0
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
    if (Math.abs(value) < least) this.#zeros++
    else if (value > 0) this.#positive.add(bucketOf(value), 1)
    else this.#negative.add(bucketOf(-value), 1)
  }

  /** Takes in all that another one has. */
  merge(other: QuantileSketch): void {
    this.#min = Math.min(this.#min, other.#min)
    this.#max = Math.max(this.#max, other.#max)
    this.#zeros += other.#zeros
    this.#negative.merge(other.#negative)
    this.#positive.merge(other.#positive)
  }

  /** Null: there is no value. `q` is from 0 to 1. */
  quantile(q: number): number | null {
    const { total: below } = this.#negative
    const count = below + this.#zeros + this.#positive.total
    if (count === 0) return null
    const rank = Math.floor(q * (count - 1))
    if (rank === 0) return this.#min
    if (rank === count - 1) return this.#max
    return Math.min(this.#max, Math.max(this.#min, this.#middleAt(rank, below)))
  }

  #middleAt(rank: number, below: number): number {
    // Of negative values the greatest magnitude comes first.
    if (rank < below) return -middleOf(this.#negative.indexAt(below - 1 - rank))
    if (rank < below + this.#zeros) return 0
    return middleOf(this.#positive.indexAt(rank - below - this.#zeros))
  }
}

function bucketOf(magnitude: number): number {
  return Math.ceil(Math.log(magnitude) / logGamma)
}

function middleOf(index: number): number {
  return (2 * Math.exp(index * logGamma)) / (1 + gamma)
}

/** Counts by index, as sorted lists; nearly always short. */
class Buckets {
  total = 0
  readonly #indexes: number[] = []
  readonly #counts: number[] = []

  static read(reader: ByteReader): Buckets {
    const buckets = new Buckets()
    let index = 0
    for (let left = reader.whole(); left > 0; left--) {
      index += reader.signed()
      const count = reader.whole()
      buckets.#indexes.push(index)
      buckets.#counts.push(count)
      buckets.total += count
    }
    return buckets
  }

  write(writer: ByteWriter): void {
    writer.whole(this.#indexes.length)
    let before = 0
    for (const [i, index] of this.#indexes.entries()) {
      writer.signed(index - before)
      writer.whole(this.#counts[i]!)
      before = index
    }
  }

  add(index: number, count: number): void {
    this.total += count
    const last = this.#indexes.at(-1) ?? -Infinity
    const kept = Math.max(index, last - mostBuckets + 1)
    const at = this.#place(kept)
    if (this.#indexes[at] === kept) this.#counts[at]! += count
    else {
      this.#indexes.splice(at, 0, kept)
      this.#counts.splice(at, 0, count)
    }
    if (kept > last) this.#collapse(kept - mostBuckets + 1)
  }

  merge(other: Buckets): void {
    for (const [i, index] of other.#indexes.entries()) this.add(index, other.#counts[i]!)
  }

  /** The index of the bucket that holds this rank, counted from the least. */
  indexAt(rank: number): number {
    let passed = 0
    const at = this.#counts.findIndex((count) => (passed += count) > rank)
    return this.#indexes[at]!
  }

  /** What is below goes into the lowest bucket that there may be. */
  #collapse(lowest: number): void {
    const below = this.#place(lowest)
    if (below === 0) return
    this.#indexes.splice(0, below)
    const count = this.#counts.splice(0, below).reduce((sum, one) => sum + one, 0)
    if (this.#indexes[0] === lowest) this.#counts[0]! += count
    else {
      this.#indexes.unshift(lowest)
      this.#counts.unshift(count)
    }
  }

  /** Where the index stands, or would. */
  #place(index: number): number {
    let low = 0
    let high = this.#indexes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#indexes[middle]! < index) low = middle + 1
      else high = middle
    }
    return low
  }
}
