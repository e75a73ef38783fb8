import test from 'ava'
import fc from 'fast-check'
import type { ValueState } from '../../../../runtime/plan/nodes/process.ts'
import type { TriggerContext, TriggerResult } from '../../../../runtime/plan/nodes/windows.ts'
import { interrupt, interruptions, wandering } from '../../../support/interruptions.ts'
import { StageRun } from '../../../support/stage-run.ts'
import { aggregate, eventTime, flatMap, keyBy, schemaOf, stageOf, triggered, windowProcess } from '../../../support/stages.ts'
import type { Step, TestTrigger } from '../../../support/stages.ts'
import type { OracleRecord } from '../../../support/window-oracle.ts'

/** When a window fires: as soon as its values come to `most`, and some time after its first record. Values below -40 purge it, those of 50 fail. */
interface Rules {
  readonly most: number
  readonly reached: TriggerResult
  readonly wait: number
  readonly waited: TriggerResult
  /** Whether the timer is set again when it has fired. */
  readonly again: boolean
}

type Context = TriggerContext<{ readonly sum: ValueState<number, never> }>

function triggerOf({ most, reached, wait, waited, again }: Rules): TestTrigger {
  return {
    state: { sum: { kind: 'value', type: { type: { kind: 'number' }, optional: false, default: 0 }, ttlMs: null } },
    onRecord({ amount }: { amount: number }, { state: { sum }, count, timestamp, timer }: Context) {
      sum.update((all) => all + amount)
      if (count === 1) timer.set(timestamp + wait)
      if (amount === 50) throw new Error('fifty')
      if (amount < -40) return 'purge'
      return sum.get() >= most ? reached : 'continue'
    },
    onTimer(timestamp, { state: { sum }, timer }: Context) {
      if (again) timer.set(timestamp + wait)
      sum.set(0)
      return waited
    },
  }
}

interface Found {
  readonly key: string
  readonly windowStart: number
  readonly windowEnd: number
  readonly n: number
  readonly s: number
  readonly timestamp: number
}

interface Open {
  records: { readonly at: number; readonly amount: number }[]
  sum: number
  timer: number
}

/** The plain model: the records of each key in a list, the trigger's rules written out. An even amount is of a record that gives it twice. */
class Model {
  readonly found: Found[] = []
  failed = 0
  readonly #rules: Rules
  readonly #open = new Map<string, Open>()
  #watermark = -Infinity
  /** Up to which all is done. */
  #done = -Infinity

  constructor(rules: Rules) {
    this.#rules = rules
  }

  take({ key, timestamp, amount }: OracleRecord, bound: number): void {
    const value = amount ?? 0
    const copies = value % 2 === 0 ? 2 : 1
    if (value === 50) {
      this.failed++
      return
    }
    let fires = false
    let open = this.#open.get(key) ?? fresh()
    for (let copy = 0; copy < copies; copy++) {
      open.records.push({ at: timestamp, amount: value })
      open.sum += value
      if (open.records.length === 1) open.timer = timestamp + this.#rules.wait
      const result = value < -40 ? 'purge' : open.sum >= this.#rules.most ? this.#rules.reached : 'continue'
      fires ||= result === 'fire' || result === 'fire-and-purge'
      if (result !== 'purge' && result !== 'fire-and-purge') continue
      if (fires) this.#fire(key, open, -Infinity)
      fires = false
      open = fresh()
    }
    if (fires) this.#fire(key, open, -Infinity)
    this.#open.set(key, open)
    this.#watermark = Math.max(this.#watermark, timestamp - bound - 1)
    this.#advance(Infinity)
  }

  /** Those timers fire that are set, and what they set no later than the last of them. */
  end(): void {
    const last = Math.max(...[...this.#open.values()].map(({ timer }) => timer).filter(Number.isFinite))
    this.#watermark = Math.max(this.#watermark, last)
    this.#advance(last)
  }

  #advance(end: number): void {
    for (;;) {
      const due = [...this.#open].filter(([, { timer }]) => timer <= Math.min(this.#watermark, end))
      const [next] = due.toSorted(([, a], [, b]) => a.timer - b.timer)
      if (next === undefined) break
      const [key, open] = next
      const { wait, waited, again } = this.#rules
      const at = open.timer
      open.timer = again ? at + wait : Infinity
      open.sum = 0
      if (waited === 'fire' || waited === 'fire-and-purge') this.#fire(key, open, at)
      if (waited === 'purge' || waited === 'fire-and-purge') this.#open.set(key, fresh())
    }
    this.#done = this.#watermark
  }

  #fire(key: string, { records }: Open, at: number): void {
    const ats = records.map((record) => record.at)
    const last = Math.max(...ats)
    const s = records.reduce((sum, { amount }) => sum + amount, 0)
    const timestamp = Math.max(last, at, this.#done + 1)
    this.found.push({ key, windowStart: Math.min(...ats), windowEnd: last + 1, n: records.length, s, timestamp })
  }
}

function fresh(): Open {
  return { records: [], sum: 0, timer: Infinity }
}

const results = fc.constantFrom<TriggerResult>('continue', 'fire', 'fire-and-purge', 'fire-and-purge', 'purge')

const jobs = fc.record({
  records: wandering(['a', 'b', 'ö'], fc.integer({ min: 0, max: 9 }), 60),
  rules: fc.record({
    most: fc.integer({ min: 1, max: 120 }),
    reached: results,
    wait: fc.integer({ min: 1, max: 60 }),
    waited: results,
    again: fc.boolean(),
  }),
  bound: fc.nat(12),
  sliceBytes: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constant(1 << 20)),
  contents: fc.constantFrom<(trigger: TestTrigger) => Step>(
    (trigger) => aggregate('w', triggered(trigger), { n: { kind: 'count' }, s: { kind: 'sum', field: 'amount' } }),
    (trigger) =>
      windowProcess('w', triggered(trigger), (values: Iterable<{ amount: number }>, { emit, ...bounds }) => {
        const amounts = Array.from(values, ({ amount }) => amount)
        emit({ ...bounds, n: amounts.length, s: amounts.reduce((sum, amount) => sum + amount, 0) })
      }),
  ),
})

function byKey(found: readonly Found[]): ReadonlyMap<string, readonly Found[]> {
  return new Map([...Map.groupBy(found, ({ key }) => key)].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

test('windows with triggers are those of the plain model, through slices, commits, lost transactions and crashes anywhere', (t) => {
  let most = 0
  fc.assert(
    fc.property(jobs, interruptions, fc.boolean(), ({ records, rules, bound, sliceBytes, contents }, between, ends) => {
      const twice = flatMap((value: { amount: number }) => (value.amount % 2 === 0 ? [value, value] : [value]))
      const stage = stageOf([eventTime('at', bound), twice, keyBy('k'), contents(triggerOf(rules))], {
        schema: schemaOf({ k: 'string', at: 'timestamp', amount: 'integer' }),
      })
      const input = records.map(({ key, timestamp, amount }) => ({ key, value: { k: key, at: timestamp, amount: amount ?? 0 } }))
      const run = new StageRun(stage, input, { sliceBytes })
      interrupt(run, between)
      run.process()
      if (ends) run.endOfInput()
      run.commit()
      const model = new Model(rules)
      for (const record of records) model.take(record, bound)
      if (ends) model.end()
      // The contents above make the rest.
      const found = run.results.map(({ value, timestamp }) => ({ ...(value as Omit<Found, 'timestamp'>), timestamp }))
      t.deepEqual(byKey(found), byKey(model.found))
      t.deepEqual([run.late.length, run.dead.length], [0, model.failed])
      most = Math.max(most, found.length)
    }),
    { numRuns: 500 },
  )
  t.true(most > 10)
})
