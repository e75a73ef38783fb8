/**
 * The batches of a log, found by offset and by position. A log is cut into segments as Kafka's is: a fetch does not read over the end of one, retention deletes
 * them whole, and each has a sparse index, which decides how far ahead aborted transactions are listed.
 */
import type { LoggedBatch } from './batch.ts'

interface Segment {
  readonly baseOffset: number
  /** Positions count bytes from the first that the log ever had. */
  readonly startPosition: number
  endPosition: number
  maxTimestamp: number
  /** Of its first batch. */
  readonly firstTimestamp: number
  /** Entries of the sparse index: last offset and position of a batch. */
  readonly index: { readonly offset: number; readonly position: number }[]
  unindexedBytes: number
}

const indexIntervalBytes = 4_096

export class Segments {
  #batches: LoggedBatch[] = []
  #positions: number[] = []
  #segments: Segment[] = []
  #end = 0

  get batches(): readonly LoggedBatch[] {
    return this.#batches
  }

  /** Behind the last byte. */
  get endPosition(): number {
    return this.#end
  }

  append(batch: LoggedBatch, segmentBytes: number, segmentMs: number): void {
    const size = batch.bytes.length
    let active = this.#segments.at(-1)
    if (active === undefined || this.#isFull(active, batch, segmentBytes, segmentMs)) {
      active = this.#roll(batch.baseOffset, batch.maxTimestamp)
    }
    if (active.unindexedBytes > indexIntervalBytes) {
      active.index.push({ offset: batch.lastOffset, position: this.#end })
      active.unindexedBytes = 0
    }
    active.unindexedBytes += size
    active.maxTimestamp = Math.max(active.maxTimestamp, batch.maxTimestamp)
    this.#batches.push(batch)
    this.#positions.push(this.#end)
    this.#end += size
    active.endPosition = this.#end
  }

  /** The index of the first batch that reaches to the offset or beyond. */
  indexOf(offset: number): number {
    let [low, high] = [0, this.#batches.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Of the first byte of the batch with that index; the end of the log behind the last. */
  positionOf(index: number): number {
    return this.#positions[index] ?? this.#end
  }

  /** Where the segment ends that holds this position. */
  segmentEnd(position: number): number {
    return this.#segmentAt(position)?.endPosition ?? this.#end
  }

  /** An offset at or behind the last of a read of so many bytes: Kafka knows no better without reading them. `logEnd` where its index ends before. */
  upperBound(position: number, size: number, logEnd: number): number {
    const segment = this.#segmentAt(position)
    const entry = segment?.index.find((candidate) => candidate.position >= position + size)
    if (entry !== undefined || segment === undefined) return entry?.offset ?? logEnd
    return this.#segments[this.#segments.indexOf(segment) + 1]?.baseOffset ?? logEnd
  }

  /** How far retention deletes: the base of the first segment that it leaves, or `logEnd`. */
  retained(logEnd: number, isDue: (segment: { readonly maxTimestamp: number; readonly bytesBehind: number }) => boolean): number {
    for (const segment of this.#segments) {
      if (!isDue({ maxTimestamp: segment.maxTimestamp, bytesBehind: this.#end - segment.endPosition })) return segment.baseOffset
    }
    return logEnd
  }

  /** Forgets the batches before that offset; the one around it stays. */
  deleteBefore(offset: number): void {
    const keep = this.indexOf(offset)
    if (keep === 0) return
    this.#batches.splice(0, keep)
    this.#positions.splice(0, keep)
    const from = this.positionOf(0)
    this.#segments = this.#segments.filter(({ endPosition }) => endPosition > from)
  }

  /** Puts these batches in the place of all: those before `cleanedTo` make one segment. */
  replace(batches: readonly LoggedBatch[], cleanedTo: number): void {
    this.#batches = []
    this.#positions = []
    this.#segments = []
    this.#end = 0
    let [active] = batches
    for (const batch of batches) {
      if (active !== undefined && batch.baseOffset >= cleanedTo && active.baseOffset < cleanedTo) this.#roll(batch.baseOffset, batch.maxTimestamp)
      active = batch
      this.append(batch, Infinity, Infinity)
    }
  }

  #isFull({ startPosition, firstTimestamp }: Segment, batch: LoggedBatch, segmentBytes: number, segmentMs: number): boolean {
    return this.#end - startPosition + batch.bytes.length > segmentBytes || batch.maxTimestamp - firstTimestamp > segmentMs
  }

  #roll(baseOffset: number, firstTimestamp: number): Segment {
    const segment = {
      baseOffset,
      startPosition: this.#end,
      endPosition: this.#end,
      firstTimestamp,
      maxTimestamp: -1,
      index: [],
      unindexedBytes: 0,
    }
    this.#segments.push(segment)
    return segment
  }

  #segmentAt(position: number): Segment | undefined {
    return this.#segments.findLast(({ startPosition }) => startPosition <= position)
  }
}
