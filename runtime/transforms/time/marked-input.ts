import { CombinedWatermark } from '../../time/combined-watermark.ts'
import type { CombinedWatermarkSnapshot } from '../../time/combined-watermark.ts'
import { decodeInputs } from '../../time/input-states.ts'
import { decodeMarker } from '../../time/marker.ts'
import type { RecordBlock } from '../../kafka/records.ts'

/** What a stage knows of the promises of those that write to it. Plain data. */
export interface MarkedSnapshot {
  readonly combined: CombinedWatermarkSnapshot
  /** What the watermark was raised to, beyond what the writers promised; absent: it was not. */
  readonly raised?: number | undefined
}

/** The time of a stage whose records other stages send: the least of what all their partitions promise, by the markers between the records. */
export class MarkedInput {
  readonly #combined: CombinedWatermark
  #raised = -Infinity

  /** `writers`: every partition that writes, as the job record names them. */
  constructor(writers: readonly string[]) {
    this.#combined = new CombinedWatermark(writers)
  }

  get watermark(): number {
    return Math.max(this.#combined.current, this.#raised)
  }

  /** Whether none of the writers has anything to write for now. */
  get idle(): boolean {
    return this.#combined.idle
  }

  /** Whether the record is a marker. Others have a key. */
  isMarker(block: RecordBlock, index: number): boolean {
    return block.keyStart[index]! < 0
  }

  /** Takes note of a marker. Tells whether the watermark rose. Throws `changelog-corrupt`. */
  apply(block: RecordBlock, index: number): boolean {
    const where = `${block.topic}, partition ${block.partition}, offset ${block.offsets[index]}`
    const value = block.bytes.subarray(Math.max(0, block.valueStart[index]!), Math.max(0, block.valueEnd[index]!))
    const before = this.watermark
    const said = decodeMarker(value, where)
    // A partition that was added may be heard of before the job record that names it is read here.
    this.expect(said.map(({ input }) => input))
    this.#combined.updateAll(said)
    return this.watermark > before
  }

  /** Raises the watermark as if all writers had promised it. Tells whether it rose. */
  raise(watermark: number): boolean {
    if (watermark <= this.watermark) return false
    this.#raised = watermark
    return true
  }

  /** Partitions were added to a stage that writes. */
  expect(writers: readonly string[]): void {
    this.#combined.extend(writers)
  }

  snapshot(): MarkedSnapshot {
    return { combined: this.#combined.snapshot(), ...(Number.isFinite(this.#raised) && { raised: this.#raised }) }
  }

  restore(snapshot: MarkedSnapshot | null): void {
    if (snapshot !== null) this.expect(Array.from(decodeInputs(snapshot.combined.inputs, 0), ([input]) => input))
    this.#combined.restore(snapshot?.combined ?? null)
    this.#raised = snapshot?.raised ?? -Infinity
  }
}
