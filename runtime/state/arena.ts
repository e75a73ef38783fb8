/** Byte blocks of any size in large chunks: no object per block, and memory that is freed is used again. */

/** Where a block stands; `none` for no block. Small enough for an int32 cell. */
export type BlockRef = number

export const noBlock: BlockRef = -1

const granule = 16
const granulesPerChunk = 65_536
/** Blocks larger than this get a chunk of their own, which goes back to the system when it is freed. */
const largestShared = 65_536

export class ByteArena {
  readonly #chunks: Buffer[] = []
  /** Chunk numbers of freed large blocks. */
  readonly #freeChunks: number[] = []
  /** First free block per size class; a free block begins with the ref of the next. */
  readonly #freeBlocks: BlockRef[] = []
  #current = -1
  #used = granulesPerChunk
  #bytes = 0

  /** Bytes held from the system. */
  get memoryBytes(): number {
    return this.#bytes
  }

  /** A new block that holds a copy of `bytes[start, end)`; noBlock where that is empty. */
  store(bytes: Uint8Array, start: number, end: number): BlockRef {
    const length = end - start
    if (length === 0) return noBlock
    const ref = length > largestShared ? this.#allocateChunk(length) * granulesPerChunk : this.#allocate(sizeClass(length))
    this.overwrite(ref, bytes, start, end)
    return ref
  }

  /** Writes other bytes into a block; they must fit. */
  overwrite(ref: BlockRef, bytes: Uint8Array, start: number, end: number): void {
    const chunk = this.#chunkOf(ref)
    const at = offsetOf(ref)
    if (end - start > 48) chunk.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at)
    else for (let i = start; i < end; i++) chunk[at + i - start] = bytes[i]!
  }

  /** Whether a block made for `length` bytes also holds `other` bytes. */
  fits(length: number, other: number): boolean {
    return length > 0 && other > 0 && length <= largestShared && other <= largestShared && sizeClass(length) === sizeClass(other)
  }

  /** Gives up a block that was made for `length` bytes. */
  free(ref: BlockRef, length: number): void {
    if (ref === noBlock) return
    if (length > largestShared) {
      const chunk = Math.floor(ref / granulesPerChunk)
      this.#bytes -= this.#chunks[chunk]!.length
      this.#chunks[chunk] = emptyChunk
      this.#freeChunks.push(chunk)
      return
    }
    const size = sizeClass(length)
    this.#chunkOf(ref).writeInt32LE(this.#freeBlocks[size] ?? noBlock, offsetOf(ref))
    this.#freeBlocks[size] = ref
  }

  /** The bytes themselves, valid until the block is freed or overwritten. */
  view(ref: BlockRef, length: number): Buffer {
    if (ref === noBlock) return emptyChunk
    const at = offsetOf(ref)
    return this.#chunkOf(ref).subarray(at, at + length)
  }

  equals(ref: BlockRef, bytes: Uint8Array, start: number, end: number): boolean {
    if (ref === noBlock) return start === end
    const chunk = this.#chunkOf(ref)
    const at = offsetOf(ref)
    for (let i = start; i < end; i++) if (chunk[at + i - start] !== bytes[i]) return false
    return true
  }

  #chunkOf(ref: BlockRef): Buffer {
    return this.#chunks[Math.floor(ref / granulesPerChunk)]!
  }

  #allocate(size: number): BlockRef {
    const free = this.#freeBlocks[size] ?? noBlock
    if (free !== noBlock) {
      this.#freeBlocks[size] = this.#chunkOf(free).readInt32LE(offsetOf(free))
      return free
    }
    const granules = classGranules(size)
    // What is left of the old chunk is less than one block and stays unused.
    if (this.#used + granules > granulesPerChunk) {
      this.#current = this.#allocateChunk(granulesPerChunk * granule)
      this.#used = 0
    }
    const ref = this.#current * granulesPerChunk + this.#used
    this.#used += granules
    return ref
  }

  #allocateChunk(bytes: number): number {
    const number = this.#freeChunks.pop() ?? this.#chunks.length
    if (number >= 32_768) throw new RangeError('state holds more than 32,768 chunks of long keys and values; spread the job over more partitions')
    this.#chunks[number] = Buffer.alloc(bytes)
    this.#bytes += bytes
    return number
  }
}

const emptyChunk = Buffer.alloc(0)

function offsetOf(ref: BlockRef): number {
  return (ref % granulesPerChunk) * granule
}

/** Classes 0..3 are 1..4 granules; from there on four classes to each doubling, so that at most a fifth of a block is unused. */
function sizeClass(length: number): number {
  const granules = Math.ceil(length / granule)
  if (granules <= 4) return granules - 1
  const doubling = 31 - Math.clz32(granules - 1)
  return (doubling - 1) * 4 + ((granules - 1) >> (doubling - 2)) - 4
}

function classGranules(size: number): number {
  if (size < 4) return size + 1
  const doubling = Math.floor(size / 4) + 1
  return ((size % 4) + 5) << (doubling - 2)
}
