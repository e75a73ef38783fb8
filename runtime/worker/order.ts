/** The job record as a worker sees it: the newest one, followed for as long as the worker lives. */
import { StreamJobError } from '../errors.ts'
import type { KafkaReader } from '../kafka/client.ts'
import { JobRecord, jobRecordKey } from '../protocol.ts'

export interface JobOrder extends AsyncDisposable {
  /** The newest record; null until the topic was read to its end for the first time, or while it has none. */
  readonly current: JobRecord | null
  /** Whether the topic was read to the end that it had when the worker started. */
  readonly caughtUp: boolean
  /** Resolves at the next change of `current`, or when `caughtUp` turns true. */
  changed(): Promise<void>
}

export interface FollowOptions {
  readonly reader: KafkaReader
  readonly topic: string
  /** Called when following failed; it is tried again after a pause. */
  readonly onError: (error: unknown) => void
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

export function followJobRecord(options: FollowOptions): JobOrder {
  return new Follower(options)
}

class Follower implements JobOrder {
  current: JobRecord | null = null
  caughtUp = false
  #change = Promise.withResolvers<void>()
  readonly #abort = new AbortController()
  readonly #run: Promise<void>

  constructor(options: FollowOptions) {
    this.#run = this.#follow(options)
  }

  changed(): Promise<void> {
    return this.#change.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#run
  }

  async #follow(options: FollowOptions): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        await this.#read(options)
      } catch (error) {
        if (signal.aborted) return
        options.onError(error)
      }
      await options.pause(1_000, signal)
    }
  }

  async #read({ reader, topic }: FollowOptions): Promise<void> {
    const { signal } = this.#abort
    const end = await reader.listOffset(topic, 0, 'highWatermark')
    let newest: JobRecord | null = null
    if (end === 0) this.#publish(null)
    for await (const block of reader.tail(topic, 0, signal)) {
      for (let i = 0; i < block.count; i++) {
        const key = block.bytes.toString('utf8', block.keyStart[i], block.keyEnd[i])
        if ((block.keyStart[i] ?? -1) < 0 || (block.valueStart[i] ?? -1) < 0 || key !== jobRecordKey) continue
        newest = parse(block.bytes.toString('utf8', block.valueStart[i], block.valueEnd[i]), `${topic}, offset ${block.offsets[i]}`)
      }
      if (block.nextOffset >= end) this.#publish(newest)
    }
  }

  #publish(record: JobRecord | null): void {
    if (this.caughtUp && record?.epoch === this.current?.epoch) return
    this.current = record
    this.caughtUp = true
    this.#change.resolve()
    this.#change = Promise.withResolvers<void>()
  }
}

function parse(text: string, where: string): JobRecord {
  try {
    return JobRecord.parse(JSON.parse(text))
  } catch (cause) {
    throw new StreamJobError('kafka-protocol', `The job record in ${where} can't be read; was it written by a newer operator?`, { cause })
  }
}
