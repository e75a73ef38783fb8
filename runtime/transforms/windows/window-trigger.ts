import { describeValue } from '../../formats/codec.ts'
import { abandonPromise } from '../../plan/expression.ts'
import type { ProcessFunction } from '../../plan/nodes/process.ts'
import type { CustomTrigger, TriggerContext, TriggerResult, WindowTimer } from '../../plan/nodes/windows.ts'
import type { StateStore } from '../../state/store.ts'
import type { Timers } from '../../time/timers.ts'
import { processingFailure, RecordRejected } from '../chain.ts'
import { meaningsOfCells, openCells } from '../process/cells.ts'
import { Expiry } from '../process/expiry.ts'
import { Journal } from '../process/journal.ts'
import { KeyScope } from '../process/key-scope.ts'

export interface WindowTriggerOptions {
  readonly uid: string
  readonly trigger: CustomTrigger
  readonly store: StateStore
  readonly timers: Timers
}

/** What the trigger sees of a window, and changes: how many records it has, and when its timer fires, Infinity where it has none. */
export interface TriggeredState {
  readonly records: number
  timer: number
}

/** What the trigger has decided. */
export interface Decision {
  readonly fires: boolean
  readonly purges: boolean
}

/** Calls the functions of a trigger, with their state. They change state at once; `undo` takes back what was changed since `keep`. */
export class WindowTrigger {
  readonly meanings: Readonly<Record<string, string>>
  readonly #trigger: CustomTrigger
  readonly #name: string
  readonly #cells: ReturnType<typeof openCells>
  readonly #scope = new KeyScope()
  readonly #journal = new Journal()
  readonly #context: { -readonly [P in keyof TriggerContext<unknown>]: TriggerContext<unknown>[P] }
  /** The window in work. */
  #window: TriggeredState | null = null
  /** The timer may be set for later only: in onTimer, than what it was set for. */
  #after = -Infinity

  constructor({ uid, trigger, store, timers }: WindowTriggerOptions) {
    this.#trigger = trigger
    this.#name = `the trigger of window "${uid}"`
    this.meanings = meaningsOfCells(trigger)
    // Nothing in it expires.
    this.#cells = openCells({ uid, state: trigger.state }, store, this.#scope, this.#journal, new Expiry(timers, this.#journal))
    this.#context = { timestamp: -Infinity, count: 0, state: this.#cells, timer: this.#timer() }
  }

  /** Throws RecordRejected. */
  onRecord(value: unknown, timestamp: number, key: Buffer, window: TriggeredState): Decision {
    this.#after = -Infinity
    // A version of the program that did not have a cell has left what was in it, whatever became of its window.
    if (window.records === 1) this.#clearCells(key)
    return this.#decide('onRecord', this.#trigger.onRecord, value, { timestamp, key, window })
  }

  /** Throws RecordRejected. */
  onTimer(timestamp: number, key: Buffer, window: TriggeredState): Decision {
    const { onTimer } = this.#trigger
    // The program had one when the timer was set.
    if (onTimer === null) return decisions.continue
    this.#after = timestamp
    return this.#decide('onTimer', onTimer, timestamp, { timestamp, key, window })
  }

  keep(): void {
    this.#journal.keep()
  }

  undo(): void {
    this.#journal.undo()
  }

  #decide(what: string, from: ProcessFunction, first: unknown, { timestamp, key, window }: Occasion): Decision {
    const name = `${what} of ${this.#name}`
    const context = this.#context
    context.timestamp = timestamp
    context.count = window.records
    this.#window = window
    this.#scope.enter(key, -Infinity, -Infinity)
    try {
      // The builder has checked its parameters against the type of the stream.
      const decision = decisionOf(name, (from.call as (first: unknown, context: unknown) => unknown)(first, context))
      if (decision.purges) this.#clear(window)
      return decision
    } catch (error) {
      throw error instanceof RecordRejected ? error : processingFailure(name, error)
    } finally {
      this.#scope.leave()
      this.#window = null
    }
  }

  /** The window begins anew. */
  #clear(window: TriggeredState): void {
    for (const cell of Object.values(this.#cells)) cell.clear()
    window.timer = Infinity
  }

  #clearCells(key: Buffer): void {
    this.#scope.enter(key, -Infinity, -Infinity)
    for (const cell of Object.values(this.#cells)) cell.clear()
    this.#scope.leave()
  }

  #timer(): WindowTimer {
    const inWork = (): TriggeredState => {
      if (this.#window === null) throw new Error('the timer belongs to the record or timer in work: do not use it later')
      return this.#window
    }
    return {
      set: (timestamp) => {
        const window = inWork()
        if (this.#trigger.onTimer === null) throw new TypeError('a timer needs event time, and an onTimer that it calls')
        if (!Number.isSafeInteger(timestamp)) throw new TypeError(`a timer is set for whole epoch milliseconds, not ${String(timestamp)}`)
        if (timestamp <= this.#after) throw new RangeError(`onTimer may set the timer for later only: ${timestamp} is not later than ${this.#after}`)
        window.timer = timestamp
      },
      clear: () => void (inWork().timer = Infinity),
    }
  }
}

/** When, and for which window, a function is called. */
interface Occasion {
  readonly timestamp: number
  readonly key: Buffer
  readonly window: TriggeredState
}

function decisionOf(name: string, result: unknown): Decision {
  if (isResult(result)) return decisions[result]
  abandonPromise(result)
  const found = result instanceof Promise ? 'a promise' : describeValue(result)
  throw new RecordRejected('processing', `${name}: it gave ${found}; give continue, fire, purge or fire-and-purge`)
}

function isResult(value: unknown): value is TriggerResult {
  return typeof value === 'string' && Object.hasOwn(decisions, value)
}

const decisions: Readonly<Record<TriggerResult, Decision>> = {
  continue: { fires: false, purges: false },
  fire: { fires: true, purges: false },
  purge: { fires: false, purges: true },
  'fire-and-purge': { fires: true, purges: true },
}
