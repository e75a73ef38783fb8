/** One assigned partition: where reading stands, what is fetched ahead, and what is wrong with it. */
import type { StreamJobError } from '../../errors.ts'
import { CommittedFilter } from '../batch/committed.ts'
import { decodeBatch, emptyBlock } from '../batch/decode.ts'
import type { BatchHeader } from '../batch/header.ts'
import type { PartitionEnds } from '../client.ts'
import { isControl, readBatchHeader, wholeBatches } from '../batch/header.ts'
import type { RecordBlock } from '../records.ts'
import type { FetchedPartition } from '../transport.ts'

/** The whole batches of one fetch answer. They stay undecoded until they are due. */
interface Chunk {
  readonly bytes: Buffer
  readonly filter: CommittedFilter
  at: number
}

export class PartitionRead {
  readonly topic: string
  readonly partition: number
  /** What the position belongs to; undefined: whatever has the name. */
  topicId: string | undefined
  #answer: Omit<PartitionEnds, 'fetchOffset'> | undefined
  /** Set when nothing more will come without help. */
  failure: StreamJobError | undefined
  /** Since when every answer was an error that may pass. */
  troubledSince: number | undefined
  /** Whether nothing of it is to be handed out for now. */
  paused = false
  /** Rises with every seek: an answer to an older request is thrown away. */
  version = 0
  #chunks: Chunk[] = []
  #head: RecordBlock | null = null
  #queuedBytes = 0
  /** The batch that is due: found to be committed, and still to be decoded. */
  #due: BatchHeader | null = null
  /** Behind the batches without committed records that were passed. */
  #passed = -1
  #position: number
  #fetchOffset: number

  constructor(topic: string, partition: number, offset: number) {
    this.topic = topic
    this.partition = partition
    this.#position = this.#fetchOffset = offset
  }

  /** Behind the last block that was taken. */
  get position(): number {
    return this.#position
  }

  /** Behind what was fetched. */
  get fetchOffset(): number {
    return this.#fetchOffset
  }

  get ends(): PartitionEnds | undefined {
    return this.#answer && { ...this.#answer, fetchOffset: this.#fetchOffset }
  }

  /** Fetched and not yet decoded. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  seek(offset: number): void {
    this.version++
    this.#chunks = []
    this.#head = this.#due = null
    this.#passed = -1
    this.#queuedBytes = 0
    this.#position = this.#fetchOffset = offset
    this.failure = this.troubledSince = undefined
  }

  /**
   * Takes over an answer without error, with the times of request and answer. `records` must not share memory with other partitions. Returns whether there is anything new
   * to read.
   */
  accept(answer: FetchedPartition, askedAt: number, answeredAt: number): boolean {
    this.troubledSince = undefined
    const { highWatermark, lastStableOffset, logStart } = answer
    this.#answer = { highWatermark, lastStableOffset, logStart, askedAt, answeredAt }
    const whole = wholeBatches(answer.records)
    if (whole === null) return false
    this.#chunks.push({ bytes: answer.records.subarray(0, whole.end), filter: new CommittedFilter(answer.aborted), at: 0 })
    this.#queuedBytes += whole.end
    this.#fetchOffset = whole.nextOffset
    return true
  }

  /** The next block without taking it; null where nothing is fetched. Throws `kafka-protocol` for bytes that cannot be read. */
  peek(): RecordBlock | null {
    this.#head ??= this.#decodeNext()
    return this.#head
  }

  take(): RecordBlock | null {
    const block = this.peek()
    this.#head = null
    if (block !== null) this.#position = block.nextOffset
    return block
  }

  /**
   * The next batch with committed records, or one empty block for all that there is when none has any. A batch is passed once it is decoded: one that cannot
   * be is the next one again, and nothing behind it is read.
   */
  #decodeNext(): RecordBlock | null {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const batch = this.#find(chunk)
      if (batch === null) {
        this.#chunks.shift()
        continue
      }
      const block = decodeBatch(batch, { topic: this.topic, partition: this.partition, from: this.#position })
      this.#due = null
      this.#pass(chunk, batch)
      if (block.count > 0) return Object.assign(block, { nextOffset: this.#passMarkers(chunk, block.nextOffset) })
    }
    return this.#passed > this.#position ? emptyBlock(this.topic, this.partition, this.#passed) : null
  }

  /** The next batch of a chunk that has committed records; what comes before it is passed. The filter is asked once for each batch. */
  #find(chunk: Chunk): BatchHeader | null {
    while (this.#due === null) {
      const batch = readBatchHeader(chunk.bytes, chunk.at)
      if (batch === null) return null
      if (chunk.filter.admits(batch)) this.#due = batch
      else this.#pass(chunk, batch)
    }
    return this.#due
  }

  /** Markers right behind a block belong to it: who has read it has nothing left to wait for. */
  #passMarkers(chunk: Chunk, nextOffset: number): number {
    let next = nextOffset
    for (;;) {
      const batch = headerOrNull(chunk)
      if (batch === null || !isControl(batch)) return next
      chunk.filter.admits(batch)
      this.#pass(chunk, batch)
      next = batch.lastOffset + 1
    }
  }

  #pass(chunk: Chunk, { end, lastOffset }: BatchHeader): void {
    this.#queuedBytes -= end - chunk.at
    chunk.at = end
    this.#passed = lastOffset + 1
  }
}

/** What cannot be read is told when it is due, not to whoever reads the block before it. */
function headerOrNull({ bytes, at }: Chunk): BatchHeader | null {
  try {
    return readBatchHeader(bytes, at)
  } catch {
    return null
  }
}
