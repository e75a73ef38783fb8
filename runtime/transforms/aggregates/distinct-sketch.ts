import { describeValue } from '../../formats/codec.ts'
import { RecordRejected } from '../chain.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { murmur3 } from './murmur3.ts'
import { fieldOf, type Summary, type SummaryKind } from './summary.ts'

/** About how many different values a field has: exact to 256, within 1.6 % (standard error) above; see DistinctSketch. */
export function approxDistinct(field: string, name: string): SummaryKind {
  return {
    empty: () => new Distinct(new DistinctSketch(), field, name),
    read: (reader) => new Distinct(DistinctSketch.read(reader), field, name),
  }
}

class Distinct implements Summary {
  readonly #sketch: DistinctSketch
  readonly #field: string
  readonly #name: string

  constructor(sketch: DistinctSketch, field: string, name: string) {
    this.#sketch = sketch
    this.#field = field
    this.#name = name
  }

  add(value: unknown): void {
    const found = fieldOf(value, this.#field)
    if (found !== undefined) this.#sketch.add(bytesOf(found, this.#field, this.#name))
  }

  merge(other: this): void {
    this.#sketch.merge(other.#sketch)
  }

  write(writer: ByteWriter): void {
    this.#sketch.write(writer)
  }

  result(): unknown {
    return this.#sketch.estimate()
  }
}

/** Values of different types are different, as in JSON: 1 is not "1". */
function bytesOf(value: unknown, field: string, name: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(`s${value}`)
  if (typeof value === 'number' || typeof value === 'boolean') return Buffer.from(String(value))
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.from('b'), value])
  throw new RecordRejected(
    'processing',
    `${name}: field "${field}" is ${describeValue(value)}; approxDistinct counts texts, numbers, truths and bytes`,
  )
}

const registerBits = 12
const registers = 1 << registerBits
/** Bits of a hash behind those that choose the register: 20 of the first half and 32 of the second. */
const tailBits = 52
const mostExact = 256
const hashBytes = 8

/**
 * HyperLogLog with 4096 registers (Flajolet et al. 2007) and the estimator of Ertl (2017, "New cardinality estimation algorithms for HyperLogLog sketches",
 * algorithm 6), which needs no correction tables. To 256 different values their 64-bit hashes are kept instead and counted. The state depends on the set of
 * values alone but for the order of those hashes.
 */
export class DistinctSketch {
  /** Hashes, eight bytes each; null once there are registers. */
  #hashes: Buffer | null = Buffer.alloc(0)
  #registers: Buffer | null = null

  static read(reader: ByteReader): DistinctSketch {
    const sketch = new DistinctSketch()
    const exact = reader.whole()
    if (exact <= mostExact) sketch.#hashes = reader.raw(exact * hashBytes)
    else {
      sketch.#hashes = null
      sketch.#registers = reader.raw(registers)
    }
    return sketch
  }

  write(writer: ByteWriter): void {
    writer.whole(this.#hashes === null ? mostExact + 1 : this.#hashes.length / hashBytes)
    writer.raw(this.#hashes ?? this.#registers!)
  }

  add(bytes: Uint8Array): void {
    this.#take(murmur3(bytes, 0), murmur3(bytes, 0x9747b28c))
  }

  /** Takes in all that another one has. */
  merge(other: DistinctSketch): void {
    if (other.#hashes !== null) {
      for (let at = 0; at < other.#hashes.length; at += hashBytes) this.#take(other.#hashes.readInt32LE(at), other.#hashes.readInt32LE(at + 4))
      return
    }
    const mine = this.#dense()
    for (const [i, value] of other.#registers!.entries()) if (value > mine[i]!) mine[i] = value
  }

  estimate(): number {
    return this.#hashes === null ? Math.round(estimateOf(this.#registers!)) : this.#hashes.length / hashBytes
  }

  #take(first: number, second: number): void {
    if (this.#hashes === null) return note(this.#registers!, first, second)
    for (let at = 0; at < this.#hashes.length; at += hashBytes) {
      if (this.#hashes.readInt32LE(at) === first && this.#hashes.readInt32LE(at + 4) === second) return
    }
    if (this.#hashes.length === mostExact * hashBytes) return note(this.#dense(), first, second)
    const hash = Buffer.allocUnsafe(hashBytes)
    hash.writeInt32LE(first, 0)
    hash.writeInt32LE(second, 4)
    this.#hashes = Buffer.concat([this.#hashes, hash])
  }

  #dense(): Buffer {
    if (this.#registers !== null) return this.#registers
    const dense = Buffer.alloc(registers)
    const hashes = this.#hashes!
    for (let at = 0; at < hashes.length; at += hashBytes) note(dense, hashes.readInt32LE(at), hashes.readInt32LE(at + 4))
    this.#hashes = null
    return (this.#registers = dense)
  }
}

/** The register chosen by the first bits holds the greatest number of leading zeros of the others, plus one. */
function note(dense: Buffer, first: number, second: number): void {
  const index = first >>> (32 - registerBits)
  const head = (first << registerBits) | 0
  const rank = head === 0 ? 33 - registerBits + Math.clz32(second) : Math.clz32(head) + 1
  if (rank > dense[index]!) dense[index] = rank
}

function estimateOf(dense: Buffer): number {
  const counts = new Float64Array(tailBits + 2)
  for (const value of dense) counts[value]!++
  let z = registers * tau(1 - counts[tailBits + 1]! / registers)
  for (let rank = tailBits; rank >= 1; rank--) z = 0.5 * (z + counts[rank]!)
  z += registers * sigma(counts[0]! / registers)
  return (registers * registers) / (2 * Math.LN2 * z)
}

function sigma(share: number): number {
  if (share === 1) return Infinity
  let [x, y, z, before] = [share, 1, share, NaN]
  while (z !== before) {
    x *= x
    before = z
    z += x * y
    y += y
  }
  return z
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0
  let [x, y, z, before] = [share, 1, 1 - share, NaN]
  while (z !== before) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}
