/** The log of one partition, as its leader keeps it: one copy, which no fault loses. */
import { brokerError } from '../errors.ts'
import type { AbortedTransaction } from '../../../kafka/transport.ts'
import type { LoggedBatch, Marker } from './batch.ts'
import { markerBatch, place, readBatch, stampAppendTime } from './batch.ts'
import { clean } from './clean.ts'
import { ProducerStates } from './producer-states.ts'
import { Segments } from './segments.ts'
import type { TopicConfig } from './topic-config.ts'
import { recordsOf, validateBatch } from './validate.ts'

export interface LogTimes {
  readonly retentionCheckMs: number
  readonly producerExpirationMs: number
  readonly producerExpirationCheckMs: number
}

export interface Appended {
  readonly error: number
  readonly message: string | null
  /** -1 where nothing was appended. */
  readonly baseOffset: number
}

/** One line of the index of aborted transactions, in the order of the markers. */
export interface AbortedEntry extends AbortedTransaction {
  /** Of the marker. */
  readonly lastOffset: number
  /** When the marker was written. */
  readonly lastStableOffset: number
}

export interface LogRead {
  readonly records: Buffer
  readonly aborted: readonly AbortedTransaction[]
}

const nothing: LogRead = { records: Buffer.alloc(0), aborted: [] }

export class PartitionLog {
  readonly config: TopicConfig
  readonly #clock: () => number
  readonly #times: LogTimes
  readonly #segments = new Segments()
  readonly #producers = new ProducerStates()
  #aborted: AbortedEntry[] = []
  #logStart = 0
  #logEnd = 0
  #retainedAt: number
  #expiredAt: number

  constructor(config: TopicConfig, clock: () => number, times: LogTimes) {
    this.config = config
    this.#clock = clock
    this.#times = times
    this.#retainedAt = this.#expiredAt = clock()
  }

  get logStart(): number {
    return this.#logStart
  }

  /** The end of the log too: all replicas are one. */
  get highWatermark(): number {
    return this.#logEnd
  }

  /** Where an open transaction began before the log does: the first offset of the batch that the log begins in, which may be before its beginning. */
  get lastStableOffset(): number {
    const first = this.#producers.firstOpenOffset
    if (first === undefined || first >= this.#logStart) return first ?? this.#logEnd
    return this.#segments.batches[this.#segments.indexOf(this.#logStart)]?.baseOffset ?? this.#logEnd
  }

  get batches(): readonly LoggedBatch[] {
    return this.#segments.batches
  }

  get aborted(): readonly AbortedEntry[] {
    return this.#aborted
  }

  /** Whether its coordinator is to be asked about the producer's transaction: not where it has written before in this one, or is outdated anyway. */
  mustVerify(batch: LoggedBatch): boolean {
    return !this.#producers.knows(batch)
  }

  /** To be called before its coordinator is asked. */
  begin(batch: LoggedBatch): void {
    this.#producers.begin(batch)
  }

  /** What the producer has written here in its open transaction: first and last offsets of batches that follow one another. */
  openRanges(producerId: number): readonly (readonly [number, number])[] {
    const ranges: [number, number][] = []
    for (let i = this.#segments.indexOf(this.#producers.openSince(producerId) ?? this.#logEnd); i < this.batches.length; i++) {
      const batch = this.batches[i]!
      if (batch.producerId !== producerId || !batch.transactional || batch.control) continue
      const last = ranges.at(-1)
      if (last?.[1] === batch.baseOffset - 1) last[1] = batch.lastOffset
      else ranges.push([batch.baseOffset, batch.lastOffset])
    }
    return ranges
  }

  /** A client's records, which become the log's own. */
  append(records: Buffer, leaderEpoch: number): Appended {
    this.#keepHouse()
    const given = readBatch(records)
    if (given === null) return { error: brokerError.invalidRecord, message: null, baseOffset: -1 }
    const refusal = validateBatch(given, this.config, this.#clock())
    if (refusal !== null) return { ...refusal, baseOffset: -1 }
    const judgement = given.producerId < 0 ? null : this.#producers.judge(given)
    if (judgement?.kind === 'repeated') return { error: brokerError.none, message: null, baseOffset: judgement.baseOffset }
    if (judgement?.kind === 'refused') return { error: judgement.error, message: null, baseOffset: -1 }
    const batch = place(this.config.appendTime ? stampAppendTime(given, this.#clock()) : given, this.#logEnd, leaderEpoch)
    this.#write(batch)
    if (given.producerId >= 0) this.#producers.append(batch, this.#clock())
    return { error: brokerError.none, message: null, baseOffset: batch.baseOffset }
  }

  /** The end of a transaction. Returns the error of a marker from an outdated coordinator. */
  appendMarker(producerId: number, epoch: number, marker: Marker, coordinatorEpoch: number, leaderEpoch: number): number {
    const error = this.#producers.refusesMarker(producerId, epoch, coordinatorEpoch)
    if (error !== brokerError.none) return error
    const batch = place(markerBatch(producerId, epoch, marker, coordinatorEpoch, this.#clock()), this.#logEnd, leaderEpoch)
    this.#write(batch)
    const completed = this.#producers.appendMarker(batch, coordinatorEpoch, this.#clock())
    if (completed !== null && marker === 'abort') {
      const { lastOffset } = batch
      this.#aborted.push({ ...completed, lastOffset, lastStableOffset: this.#producers.firstOpenOffset ?? lastOffset + 1 })
    }
    return brokerError.none
  }

  /** What a read-committed fetch gets, cut off at `maxBytes`; with `whole`, at least one whole batch. */
  read(offset: number, maxBytes: number, whole: boolean): LogRead {
    const stable = this.lastStableOffset
    if (offset >= stable) return nothing
    const segments = this.#segments
    const first = segments.indexOf(offset)
    const start = segments.positionOf(first)
    const end = Math.min(segments.segmentEnd(start), segments.positionOf(segments.indexOf(stable)))
    const leading = segments.batches[first]
    if (leading === undefined || start >= end) return nothing
    const size = Math.min(end - start, whole ? Math.max(maxBytes, leading.bytes.length) : maxBytes)
    if (size < leading.bytes.length) return nothing
    return { records: this.#copy(first, size), aborted: this.#abortedIn(offset, segments.upperBound(start, size, this.#logEnd)) }
  }

  /** Bytes that a read-committed fetch from that offset would find. */
  readable(offset: number): number {
    const segments = this.#segments
    return segments.positionOf(segments.indexOf(this.lastStableOffset)) - segments.positionOf(segments.indexOf(offset))
  }

  /** Of the first record at or after that time, be it committed or not; -1: there is none. */
  offsetAt(timestamp: number): number {
    for (const batch of this.batches) {
      if (batch.maxTimestamp < timestamp || batch.count === 0) continue
      const { timestamps, offsets, count } = recordsOf(batch)
      for (let i = 0; i < count; i++) if (timestamps[i]! >= timestamp && offsets[i]! >= this.#logStart) return offsets[i]!
    }
    return -1
  }

  /** As DeleteRecords; beyond the end it does nothing. */
  deleteBefore(offset: number): void {
    if (offset > this.#logEnd || offset <= this.#logStart) return
    this.#logStart = offset
    this.#segments.deleteBefore(offset)
    this.#aborted = this.#aborted.filter((entry) => entry.lastOffset >= offset)
  }

  /** One pass of the cleaner over all that is stable. */
  compact(): void {
    const upTo = this.lastStableOffset
    const cleaned = clean(this.batches, this.#aborted, {
      upTo,
      now: this.#clock(),
      deleteRetentionMs: this.config.deleteRetentionMs,
      needs: (batch) => this.#producers.needs(batch),
    })
    this.#segments.replace(cleaned.batches, upTo)
    this.#aborted = [...cleaned.aborted]
  }

  /** What brokers do every few minutes is done when somebody looks, as of the last time that it was due. */
  #keepHouse(): void {
    const { retentionCheckMs, producerExpirationMs, producerExpirationCheckMs } = this.#times
    const now = this.#clock()
    const expireAt = now - (now % producerExpirationCheckMs)
    if (expireAt > this.#expiredAt) this.#producers.expire((this.#expiredAt = expireAt), producerExpirationMs)
    const retainAt = now - (now % retentionCheckMs)
    if (retainAt > this.#retainedAt) this.#retain((this.#retainedAt = retainAt))
  }

  /** Deletes what is too old, or too much. To be called before the log is looked at. */
  refresh(): void {
    this.#keepHouse()
  }

  /** By the records' own timestamps: old events do not stay for long. */
  #retain(checkedAt: number): void {
    const { deletes, retentionMs, retentionBytes } = this.config
    if (!deletes) return
    this.deleteBefore(
      this.#segments.retained(
        this.#logEnd,
        ({ maxTimestamp, bytesBehind }) => checkedAt - maxTimestamp > retentionMs || bytesBehind >= retentionBytes,
      ),
    )
  }

  #write(batch: LoggedBatch): void {
    this.#segments.append({ ...batch, appendedAt: this.#clock() }, this.config.segmentBytes, this.config.segmentMs)
    this.#logEnd = batch.lastOffset + 1
  }

  #copy(first: number, size: number): Buffer {
    const records = Buffer.allocUnsafe(size)
    for (let at = 0, i = first; at < size; i++) at += this.#segments.batches[i]!.bytes.copy(records, at)
    return records
  }

  #abortedIn(from: number, upperBound: number): readonly AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let i = firstEndingAt(this.#aborted, from); i < this.#aborted.length; i++) {
      const { producerId, firstOffset, lastStableOffset } = this.#aborted[i]!
      if (firstOffset < upperBound) found.push({ producerId, firstOffset })
      if (lastStableOffset >= upperBound) break
    }
    return found
  }
}

/** Markers are in order, so those that end before the offset come first. */
function firstEndingAt(aborted: readonly AbortedEntry[], offset: number): number {
  let [low, high] = [0, aborted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (aborted[middle]!.lastOffset < offset) low = middle + 1
    else high = middle
  }
  return low
}
