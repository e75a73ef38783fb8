/** The job record as a worker sees it: the newest one, followed for as long as the worker lives. */
import { StreamJobError } from '../../errors.ts'
import type { KafkaReader } from '../../kafka/client.ts'
import { JobRecord, jobRecordKey } from '../../protocol.ts'

export interface JobOrder extends AsyncDisposable {
  /** The newest record; null until the topic was read to its end for the first time, or while it has none. */
  readonly current: JobRecord | null
  /** Whether the topic was read to the end that it had when the worker started. */
  readonly caughtUp: boolean
  /** Why the topic can't be read at the moment; null: it can. */
  readonly trouble: unknown
  /** Resolves at the next change of `current`, when `caughtUp` turns true, and at the end. */
  changed(): Promise<void>
}

export interface FollowOptions {
  readonly reader: KafkaReader
  readonly topic: string
  /** Called when following failed; it is tried again after a pause. */
  readonly onError: (error: unknown) => void
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

const leastPauseMs = 1_000
const mostPauseMs = 10_000

export function followJobRecord(options: FollowOptions): JobOrder {
  return new Follower(options)
}

class Follower implements JobOrder {
  current: JobRecord | null = null
  caughtUp = false
  trouble: unknown = null
  #change = Promise.withResolvers<void>()
  readonly #abort = new AbortController()

  constructor(options: FollowOptions) {
    void this.#follow(options)
  }

  changed(): Promise<void> {
    return this.#change.promise
  }

  /** A request under way may take its time when brokers are down: nobody waits for it, and nothing comes of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    this.#change.resolve()
  }

  async #follow(options: FollowOptions): Promise<void> {
    const { signal } = this.#abort
    let pauseMs = leastPauseMs
    while (!signal.aborted) {
      try {
        await this.#read(options)
      } catch (error) {
        if (signal.aborted) return
        pauseMs = this.trouble === null ? leastPauseMs : Math.min(mostPauseMs, 2 * pauseMs)
        this.trouble = error
        options.onError(error)
      }
      await options.pause(pauseMs, signal)
    }
  }

  async #read({ reader, topic }: FollowOptions): Promise<void> {
    const { signal } = this.#abort
    const end = await reader.listOffset(topic, 0, 'highWatermark')
    let newest: JobRecord | null = null
    if (end === 0) this.#publish(null)
    for await (const block of reader.tail(topic, 0, signal)) {
      if (signal.aborted) return
      for (let i = 0; i < block.count; i++) {
        const key = block.bytes.toString('utf8', block.keyStart[i], block.keyEnd[i])
        if ((block.keyStart[i] ?? -1) < 0 || (block.valueStart[i] ?? -1) < 0 || key !== jobRecordKey) continue
        newest = parse(block.bytes.toString('utf8', block.valueStart[i], block.valueEnd[i]), `${topic}, offset ${block.offsets[i]}`)
      }
      if (block.nextOffset >= end) this.#publish(newest)
    }
  }

  #publish(record: JobRecord | null): void {
    this.trouble = null
    if (this.caughtUp && !replaces(record, this.current)) return
    this.current = record
    this.caughtUp = true
    this.#change.resolve()
    this.#change = Promise.withResolvers<void>()
  }
}

/** An epoch fences what is older. A job that was deleted and made again begins with a low one. */
function replaces(record: JobRecord | null, current: JobRecord | null): boolean {
  if (record === null || current === null) return record !== current
  return record.identity.uid !== current.identity.uid || record.epoch > current.epoch
}

function parse(text: string, where: string): JobRecord {
  try {
    return JobRecord.parse(JSON.parse(text))
  } catch (cause) {
    throw new StreamJobError('kafka-protocol', `The job record in ${where} can't be read; was it written by a newer operator?`, { cause })
  }
}
