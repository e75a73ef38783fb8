/** Plain models of tasks in jobs of several stages. */
import type { ModelInput, ModelOutput, TaskModel } from '../../runtime/testing/simulation/job.ts'
import { PlainTime, valueOf } from './input.ts'
import type { Value } from './input.ts'
import { WindowModel } from './window-model.ts'

/** What a stage sends on. */
export interface Sent {
  readonly key: string
  readonly value: object
}

/** A first stage that sends record by record; null: not this one. */
export interface Sending {
  readonly kind: 'sending'
  /** Of the disorder, ms. */
  readonly bound: number
  readonly sent: (value: Value, record: ModelInput) => Sent | null
}

/** A stage of one window. */
export interface Windowing<T> {
  readonly kind: 'windowing'
  /** Of the disorder, ms, where it reads the source. */
  readonly bound?: number
  readonly size: number
  readonly slide: number
  readonly lateness: number
  /** The key of a result, from that of the record; absent: the same. */
  readonly keyOf?: (text: string) => unknown
  readonly result: (values: readonly T[]) => object
  /** What becomes of a result, of which the key is given as text; absent: it goes to the sink. */
  readonly next?: (key: string, result: Readonly<Record<string, number>>) => Sent
}

// A stage's values are of a type of its own, which only its own functions know.
export type StageModel = Sending | Windowing<never>

export function taskModel(stage: StageModel): TaskModel {
  if (stage.kind === 'sending') return sendingTask(stage)
  return stage.bound === undefined ? laterTask(stage) : firstTask(stage, stage.bound)
}

/** The result of a closed window, as it leaves the stage. */
export function leaving(stage: Windowing<never>, key: string, start: number, values: readonly unknown[]): ModelOutput {
  const windowEnd = start + stage.size
  const result = { windowStart: start, windowEnd, ...stage.result(values as readonly never[]) }
  if (stage.next === undefined) return { to: 'sink', key, value: JSON.stringify({ key: stage.keyOf?.(key) ?? key, ...result }) }
  const sent = stage.next(key, result)
  return { to: 'stage', key: sent.key, value: JSON.stringify(sent.value), timestamp: windowEnd - 1 }
}

function sendingTask({ bound, sent }: Sending): TaskModel {
  const time = new PlainTime(bound)
  return {
    advance(record) {
      const value = valueOf(record)
      if (value === null) return [deadLetter(record)]
      const next = sent(value, record)
      const tardy = value.at <= time.watermark
      // A record that a filter drops moves the time too.
      time.accept(value.at)
      return next === null ? [] : [{ to: 'stage', key: next.key, value: JSON.stringify(next.value), timestamp: value.at, tardy }]
    },
    get promised() {
      return time.watermark
    },
  }
}

/** Keyed as the source is. */
function firstTask(stage: Windowing<never>, bound: number): TaskModel {
  const time = new PlainTime(bound)
  const windows = new WindowModel<Value>(stage)
  return {
    advance(record) {
      const value = valueOf(record)
      if (value === null || value.k !== record.key) return [deadLetter(record)]
      const late = windows.put(record.key, value.at, value)
      time.accept(value.at)
      const results = windows.rise(time.watermark).map(({ key, start, items }) => leaving(stage, key, start, items))
      return late ? [{ to: 'late', key: record.key, value: JSON.stringify(value) }, ...results] : results
    },
    get promised() {
      return windows.promised
    },
  }
}

function laterTask(stage: Windowing<never>): TaskModel {
  const windows = new WindowModel<unknown>(stage)
  return {
    advance({ key, value, timestamp }) {
      return windows.put(key, timestamp, JSON.parse(value)) ? [{ to: 'late', key, value }] : []
    },
    rise: (watermark) => windows.rise(watermark).map(({ key, start, items }) => leaving(stage, key, start, items)),
    get promised() {
      return windows.promised
    },
  }
}

function deadLetter({ key, value }: ModelInput): ModelOutput {
  return { to: 'dead-letter', key, value }
}
