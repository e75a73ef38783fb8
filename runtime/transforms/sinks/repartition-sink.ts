import { describeValue } from '../../formats/codec.ts'
import type { Encoder } from '../../formats/codec.ts'
import { encodeKey } from '../../formats/key.ts'
import type { RecordHeader } from '../../kafka/records.ts'
import type { RepartitionSink as RepartitionNode } from '../../plan/nodes.ts'
import { processingFailure, RecordRejected } from '../chain.ts'
import type { ChainContext, Push, StretchEnd } from '../chain.ts'

interface Sent {
  readonly key: Buffer
  readonly value: Uint8Array
  readonly timestamp: number
}

/** Sends what comes to the end of the chain on to the next stage, by the key that the keyBy names. What has no such key is rejected. */
export class RepartitionSink implements StretchEnd {
  readonly push: Push
  readonly #sink: number
  readonly #context: ChainContext
  readonly #sent: Sent[] = []

  /** `sink`: its index among those of the stage. */
  constructor(sink: number, { uid, keyField }: RepartitionNode, encoder: Encoder, context: ChainContext) {
    this.#sink = sink
    this.#context = context
    const name = `keyBy "${uid}"`
    this.push = (value) => {
      const found = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[keyField] : undefined
      const key = keyOf(found, keyField)
      let encoded: Uint8Array
      try {
        encoded = encoder.encode(value)
      } catch (error) {
        throw processingFailure(name, error)
      }
      this.#sent.push({ key, value: encoded, timestamp: context.record.timestamp })
    }
  }

  apply(): void {
    const { output, counters, slice } = this.#context
    for (const { key, value, timestamp } of this.#sent) {
      output.emit(this.#sink, key, 0, key.length, value, timestamp, noHeaders)
      counters.recordsOut++
      slice.spent += recordOverhead + key.length + value.length
    }
    this.discard()
  }

  discard(): void {
    this.#sent.length = 0
  }
}

function keyOf(found: unknown, field: string): Buffer {
  if (found === null || found === undefined) throw new RecordRejected('null-key', `it has no key: field "${field}" is ${describeValue(found)}`)
  try {
    return encodeKey(found)
  } catch {
    throw new RecordRejected('null-key', `it has no key: field "${field}" is ${describeValue(found)}`)
  }
}

/** About what a record takes beside key and value. */
const recordOverhead = 16

const noHeaders: readonly RecordHeader[] = []
