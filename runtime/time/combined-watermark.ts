import { StreamJobError } from '../errors.ts'
import { encodeInputs, decodeInputs } from './input-states.ts'

/** What is known of one input. */
export interface InputState {
  /** Largest that was heard; -Infinity before the first. */
  watermark: number
  /**
   * `active`: the output waits for it, also while nothing was heard of it. `idle`: it does not. `catching-up`: it came back behind the output, which does
   * not wait for it until it is there.
   */
  phase: 'active' | 'idle' | 'catching-up'
}

/** What an input says of itself. */
export interface InputWatermark {
  readonly input: string
  readonly watermark: number
  readonly idle: boolean
}

/** What `snapshot` gives: plain data, a few bytes for each input. */
export interface CombinedWatermarkSnapshot {
  /** Null: -Infinity; `end`: Infinity. */
  readonly output: number | null | 'end'
  /** See input-states.ts. */
  readonly inputs: Readonly<Record<string, string>>
}

/**
 * The watermark of something with several inputs: the smallest of theirs, which never goes back.
 *
 *     a        5        20              20             20
 *     b        7        7     idle      idle   back 9  21
 *     output   5        7     20        20     20      20     a alone; b is left out until it has caught up
 *
 * An input that goes idle leaves the minimum. When the last one does, the largest watermark of all inputs is forwarded, so that the result does not depend on
 * the order in which they went; only then is the whole idle. An input that comes back behind the output is active but left out until it has caught up;
 * its records are late meanwhile. An input that nothing was heard of, and one that is not heard of any more, hold the output where it is.
 */
export class CombinedWatermark {
  readonly #inputs = new Map<string, InputState>()
  #current = -Infinity
  #idle = 0

  constructor(inputs: Iterable<string>) {
    this.extend(inputs)
  }

  /** -Infinity until every input was heard of. Never goes back, except by `restore`. */
  get current(): number {
    return this.#current
  }

  /** Whether every input is idle, so that whoever reads from here need not wait either. */
  get idle(): boolean {
    return this.#idle === this.#inputs.size
  }

  /** Takes in what one input says of itself. A watermark below its last one changes nothing. Tells whether the output rose. */
  update(input: string, watermark: number, idle: boolean): boolean {
    return this.#hear(input, watermark, idle) && this.#settle()
  }

  /** Takes in what several inputs say at the same time: whatever the order, it counts as one change. Tells whether the output rose. */
  updateAll(said: Iterable<InputWatermark>): boolean {
    let unsettled = false
    for (const { input, watermark, idle } of said) if (this.#hear(input, watermark, idle)) unsettled = true
    return unsettled && this.#settle()
  }

  /** Adds those that are new; from now on the output waits for them too. */
  extend(inputs: Iterable<string>): void {
    for (const input of inputs) if (!this.#inputs.has(input)) this.#inputs.set(input, { watermark: -Infinity, phase: 'active' })
  }

  snapshot(): CombinedWatermarkSnapshot {
    const output = Number.isFinite(this.#current) ? this.#current : this.#current > 0 ? 'end' : null
    return { output, inputs: encodeInputs(this.#inputs, baseOf(output)) }
  }

  /** Goes to where a snapshot was taken, of these inputs or some of them; null: before the first watermark. The others are as new. */
  restore(snapshot: CombinedWatermarkSnapshot | null): void {
    const { output, inputs } = snapshot ?? { output: null, inputs: {} }
    const names = [...this.#inputs.keys()]
    this.#inputs.clear()
    this.extend(names)
    this.#current = output === 'end' ? Infinity : (output ?? -Infinity)
    for (const [name, state] of decodeInputs(inputs, baseOf(output))) {
      this.#find(name)
      this.#inputs.set(name, state)
    }
    this.#idle = [...this.#inputs.values()].filter(({ phase }) => phase === 'idle').length
  }

  /** Whether the output may be another now. */
  #hear(name: string, watermark: number, idle: boolean): boolean {
    const input = this.#find(name)
    const { watermark: former, phase } = input
    if (watermark > former) input.watermark = watermark
    if (idle) input.phase = 'idle'
    else if (phase !== 'active') input.phase = input.watermark < this.#current ? 'catching-up' : 'active'
    if (input.phase !== phase) this.#idle += (input.phase === 'idle' ? 1 : 0) - (phase === 'idle' ? 1 : 0)
    // Of the active ones only those with the smallest watermark hold the output, and none of the others has one that is not above it.
    return input.phase !== phase || (input.watermark > former && (phase === 'idle' || former <= this.#current))
  }

  #find(name: string): InputState {
    const input = this.#inputs.get(name)
    if (input === undefined) throw new StreamJobError('internal', `A watermark came from ${name}, which is not one of the inputs.`)
    return input
  }

  #settle(): boolean {
    let least = Infinity
    let largest = -Infinity
    let waits = false
    for (const { watermark, phase } of this.#inputs.values()) {
      if (watermark > largest) largest = watermark
      if (phase !== 'active') continue
      waits = true
      if (watermark < least) least = watermark
    }
    const next = waits ? least : this.idle ? largest : -Infinity
    if (!(next > this.#current)) return false
    this.#current = next
    return true
  }
}

/** What the watermarks of a snapshot are counted from: they lie around the output. */
function baseOf(output: CombinedWatermarkSnapshot['output']): number {
  return typeof output === 'number' ? output : 0
}
