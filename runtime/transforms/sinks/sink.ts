import type { Encoder } from '../../formats/codec.ts'
import type { RecordHeader } from '../../kafka/records.ts'
import { processingFailure } from '../chain.ts'
import type { ChainContext, Push, StretchEnd } from '../chain.ts'

/** Encodes what comes to the end of the chain and emits it with the key and timestamp it has there; null becomes a tombstone. */
export class Sink implements StretchEnd {
  readonly push: Push
  readonly #sink: number
  readonly #context: ChainContext
  readonly #values: (Uint8Array | null)[] = []
  readonly #timestamps: number[] = []

  /** `sink`: its index among those of the stage. */
  constructor(sink: number, uid: string, encoder: Encoder, context: ChainContext) {
    this.#sink = sink
    this.#context = context
    const name = `sink "${uid}"`
    this.push = (value) => {
      let encoded: Uint8Array | null
      try {
        encoded = value === null ? null : encoder.encode(value)
      } catch (error) {
        throw processingFailure(name, error)
      }
      this.#values.push(encoded)
      this.#timestamps.push(context.record.timestamp)
    }
  }

  apply(): void {
    const { record, output, counters, slice } = this.#context
    const { keyBytes, keyStart, keyEnd } = record
    for (let i = 0; i < this.#values.length; i++) {
      const value = this.#values[i]!
      output.emit(this.#sink, keyBytes, keyStart, keyEnd, value, this.#timestamps[i]!, noHeaders)
      counters.recordsOut++
      slice.spent += recordOverhead + (keyBytes === null ? 0 : keyEnd - keyStart) + (value?.length ?? 0)
    }
    this.discard()
  }

  discard(): void {
    this.#values.length = 0
    this.#timestamps.length = 0
  }
}

/** About what a record takes beside key and value. */
const recordOverhead = 16

const noHeaders: readonly RecordHeader[] = []
