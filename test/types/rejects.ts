/**
 * What must not compile, each line below its mark. The words behind the mark stand in the compiler's message; types.test.ts compares them.
 * Never run.
 */
import {
  approxDistinct,
  count,
  global,
  job,
  kafka,
  last,
  min,
  otherwise,
  session,
  sliding,
  state,
  stream,
  sum,
  t,
  topN,
  trigger,
  tumbling,
} from 'streamjob'

const Order = t.object({ customer: t.string, amount: t.number, note: t.string, maybe: t.number.optional(), at: t.timestamp, tags: t.list(t.string) })
const source = stream.from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
const orders = source.eventTime('at', { outOfOrderness: '10s' })
const minutes = orders.keyBy('customer').window(tumbling('1m'))
const updates = orders.keyBy('customer').window(tumbling('1m', { emit: 'updates' }))

// @ts-expect-error Property 'window' does not exist on type 'Stream<
export const withoutKey = orders.window(tumbling('1m'))

// @ts-expect-error a window needs event time: call eventTime(...) before keyBy(...)
export const withoutTime = source.keyBy('customer').window(tumbling('1m'))

// @ts-expect-error Property 'aggregate' does not exist on type 'KeyedStream<
export const withoutWindow = orders.keyBy('customer').aggregate('n', { n: count() })

// @ts-expect-error Property 'to' does not exist on type 'WindowedStream<
export const openWindow = minutes.to(kafka({ topic: 'results' }))

// @ts-expect-error Argument of type '"client"' is not assignable to parameter of type '"amount" | "at" | "customer" | "maybe" | "note"'
export const unknownKey = orders.keyBy('client')

// @ts-expect-error Argument of type '"tags"' is not assignable
export const listAsKey = orders.keyBy('tags')

// @ts-expect-error Type '"client"' is not assignable to type
export const undeclaredKey = kafka({ topic: 'orders', key: 'client', schema: Order })

// @ts-expect-error Argument of type '"note"' is not assignable
export const textAsTime = source.eventTime('note', { outOfOrderness: '10s' })

// @ts-expect-error Argument of type '"time"' is not assignable
export const unknownTime = source.eventTime('time', { outOfOrderness: '10s' })

// @ts-expect-error Argument of type '{}' is not assignable to parameter of type 'EventTimeOptions'
export const withoutDisorder = source.eventTime('at', {})

// @ts-expect-error Type 'string' is not assignable to type
export const disorderInOrder = source.eventTime('at', { monotonous: true, outOfOrderness: '10s' })

// @ts-expect-error Type 'false' is not assignable to type 'true'
export const neitherBoundNorOrder = source.eventTime('at', { monotonous: false })

// @ts-expect-error Type '"a minute"' is not assignable to type
export const unmeasuredDrift = source.eventTime('at', { outOfOrderness: '10s', maxDrift: 'a minute' })

// @ts-expect-error 'heder' does not exist in type
export const misspeltHeader = source.eventTime({ heder: 'sent' }, { monotonous: true })

// @ts-expect-error there is no number field note here: the number fields are amount
export const sumOfText = minutes.aggregate('a', { total: sum('note') })

// @ts-expect-error there is no number field amout here
export const sumOfUnknown = minutes.aggregate('a', { total: sum('amout') })

// @ts-expect-error there is no number field maybe here
export const minOfOptional = minutes.aggregate('a', { least: min('maybe') })

// @ts-expect-error there is no number field note here: the number fields are amount
export const topByText = minutes.aggregate('a', { best: topN({ by: 'note', n: 3 }) })

// @ts-expect-error there is no field nothing here: the fields are
export const lastOfUnknown = minutes.aggregate('a', { it: last('nothing') })

// @ts-expect-error Property 'map' does not exist on type 'number'
export const numberAsList = minutes.aggregate('a', { n: approxDistinct('note') }).map(({ n }) => n.map(String))

// @ts-expect-error firing is a field of every window result: choose another name
export const reservedFiring = updates.aggregate('a', { firing: count() })

// @ts-expect-error Property 'firing' does not exist
export const withoutFiring = minutes.aggregate('a', { n: count() }).map((window) => window.firing)

const visits = orders.keyBy('customer').window(session('10m'))
const visitUpdates = orders.keyBy('customer').window(session('10m', { emit: 'updates' }))

// @ts-expect-error Property 'firing' does not exist
export const sessionWithoutFiring = visits.aggregate('a', { n: count() }).map((visit) => visit.firing)

// @ts-expect-error firing is a field of every window result: choose another name
export const reservedSessionFiring = visitUpdates.aggregate('a', { firing: count() })

// @ts-expect-error a window needs event time: call eventTime(...) before keyBy(...)
export const globalWithoutTime = source.keyBy('customer').window(global({ every: '1h' }))

// @ts-expect-error No overload matches this call
export const withoutTrigger = orders.keyBy('customer').window(global({}))

// @ts-expect-error Type '"often"' is not assignable
export const unknownEmission = tumbling('1m', { emit: 'often' })

// @ts-expect-error Argument of type '"year"' is not assignable
export const unknownCalendar = tumbling('year')

// @ts-expect-error windowEnd is a field of every window result: choose another name
export const reserved = minutes.aggregate('a', { windowEnd: count() })

// @ts-expect-error Argument of type '"60"' is not assignable
export const withoutUnit = tumbling('60')

// @ts-expect-error Argument of type '"1w"' is not assignable
export const unknownUnit = sliding('1w', '1d')

// @ts-expect-error 'offset' does not exist in type 'SessionOptions<
export const alignedSession = session('10m', { offset: '1m' })

// @ts-expect-error Argument of type '60' is not assignable
export const numberAsDuration = tumbling(60)

// @ts-expect-error Property 'amout' does not exist
export const unknownField = orders.filter((order) => order.amout > 0)

// @ts-expect-error Type 'string' is not assignable to type 'boolean'
export const textAsPredicate = orders.filter((order) => order.note)

// @ts-expect-error Property 'customer' does not exist
export const lostField = minutes.aggregate('a', { n: count() }).map((window) => window.customer)

// @ts-expect-error is not assignable
export const wrongReduce = minutes.reduce('a', (_, order) => order.amount)

// @ts-expect-error Property 'process' does not exist on type 'Stream<
export const processWithoutKey = orders.process('p', { onRecord() {} })

// @ts-expect-error does not exist on type '"timers need event time: call eventTime(...) before keyBy(...)"'
export const timersWithoutTime = source.keyBy('customer').process('p', { onRecord: (_, { timers }) => timers.set(1) })

const keyed = orders.keyBy('customer')

// @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
export const wrongState = keyed.process('p', { state: { n: state.value(t.number) }, onRecord: ({ note }, { state: { n } }) => n.set(note) })

// @ts-expect-error Property 'm' does not exist
export const unknownState = keyed.process('p', { state: { n: state.value(t.number) }, onRecord: (_, context) => context.state.m.clear() })

// @ts-expect-error 'n' does not exist in type
export const wrongEmission = keyed.process('p', { emits: t.object({ total: t.number }), onRecord: (_, { emit }) => emit({ n: 1 }) })

// @ts-expect-error Type 'string' is not assignable to type 'number'
export const wrongWindowEmission = minutes.process('p', { emits: t.object({ n: t.number }), onWindow: (_, { key, emit }) => emit({ n: key }) })

// @ts-expect-error Property 'firing' does not exist on type
export const firingOfOneResult = minutes.process('p', { onWindow: (_, { firing }) => void firing })

// @ts-expect-error Property 'amout' does not exist on type
export const unknownWindowField = minutes.process('p', { onWindow: ([first]) => void first?.amout })

// @ts-expect-error 'onRecord' does not exist in type 'WindowProcessDefinition<
export const recordOfWindow = minutes.process('p', { onRecord() {} })

// @ts-expect-error Property 'window' does not exist on type 'Stream<
export const windowResultIsKeyless = minutes.process('p', { onWindow() {} }).window(tumbling('1m'))

const large = trigger({ onRecord: ({ amount }: { readonly amount: number }) => (amount > 100 ? 'fire-and-purge' : 'continue') })
const timed = trigger({ onRecord: (_: unknown, { timer }) => (timer.set(5), 'continue'), onTimer: () => 'fire' })

// @ts-expect-error a trigger that never gives 'fire' or 'fire-and-purge' gives no result
export const neverFires = keyed.window(global({ trigger: trigger({ onRecord: () => 'continue' }) }))

// @ts-expect-error Type '"stop"' is not assignable to type 'TriggerResult'
export const unknownDecision = keyed.window(global({ trigger: trigger({ onRecord: () => 'stop' }) }))

// @ts-expect-error Property 'amout' does not exist on type
export const unknownTriggerField = keyed.window(global({ trigger: trigger({ onRecord: ({ amout }) => (amout > 3 ? 'fire' : 'continue') }) }))

// @ts-expect-error Property 'set' does not exist on type '"a timer needs an onTimer that it calls"'
export const timerWithoutOnTimer = keyed.window(global({ trigger: trigger({ onRecord: (_, { timer }) => (timer.set(5), 'fire') }) }))

// @ts-expect-error a window needs event time: call eventTime(...) before keyBy(...)
export const timerWithoutTime = source.keyBy('customer').window(global({ trigger: timed }))

const names = orders.map(({ customer }) => ({ customer })).keyBy('customer')

// @ts-expect-error Property 'amount' is missing in type
export const triggerOfOthers = names.window(global({ trigger: large }))

// @ts-expect-error 'trigger' does not exist in type 'WindowOptions<
export const triggerInTime = keyed.window(tumbling('1m', { trigger: large }))

// @ts-expect-error 'trigger' does not exist in type 'SessionOptions<
export const triggerOfSession = keyed.window(session('1m', { trigger: large }))

// @ts-expect-error No overload matches this call
export const purgeBesideTrigger = keyed.window(global({ trigger: large, purge: true }))

// @ts-expect-error No overload matches this call
export const evicting = keyed.window(global({ trigger: large, evictor: 3 }))

// @ts-expect-error Argument of type 'Type<string[]>' is not assignable
export const listAsName = state.map(t.list(t.string), t.number)

// @ts-expect-error Type 'string' is not assignable to type 'number'
export const wrongInitial = state.value(t.number, { initial: 'none' })

// @ts-expect-error dedup needs event time: call eventTime(...) before keyBy(...)
export const dedupWithoutTime = source.keyBy('customer').dedup('d', { within: '1h' })

// @ts-expect-error Type '"id"' is not assignable to type
export const dedupByUnknown = keyed.dedup('d', { by: 'id', within: '1h' })

// @ts-expect-error Property 'within' is missing
export const dedupForEver = keyed.dedup('d', {})

// @ts-expect-error 'unknownOption' does not exist in type 'KafkaOptions<
export const wrongOption = kafka({ topic: 'a', unknownOption: 1 })

// @ts-expect-error is not assignable to parameter of type 'AnyStream<
export const mergeOfOtherRecords = orders.merge(orders.map((order) => order.amount))

// @ts-expect-error say what becomes of records that no branch takes: NAME: otherwise, or { unmatched: 'drop' } behind the branches
export const restForgotten = orders.split({ big: ({ amount }) => amount > 100 })

// @ts-expect-error Type 'Otherwise' is not assignable to type 'BranchPredicate<
export const restTwice = orders.split({ big: ({ amount }) => amount > 100, rest: otherwise }, { unmatched: 'drop' })

// @ts-expect-error Property 'huge' does not exist on type
export const { huge } = orders.split({ big: ({ amount }) => amount > 100, rest: otherwise })

// @ts-expect-error Type 'number' is not assignable to type 'boolean'
export const wrongPredicate = orders.split({ big: ({ amount }) => amount, rest: otherwise })

const all = orders.to(kafka({ topic: 'all' }))

// @ts-expect-error is missing the following properties from type 'Plan'
export const openEnd = job(all, orders)

// @ts-expect-error Expected at least 1 arguments, but got 0
export const noEnds = job()
