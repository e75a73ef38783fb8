/**
 * The reference of the end-to-end tests: a windowed count written down as plainly as possible, sharing no code with the runtime. It is given the records that
 * an independent consumer read from the source topic, up to the committed offsets, and says what must stand in the output and late topics: no more, no less.
 */

/** A record as the console consumer printed it. */
export interface PrintedRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** The job under test: count and sum of `amount` per `customer` over tumbling windows of the event time `at`. */
export interface WindowedCount {
  readonly sizeMs: number
  readonly outOfOrdernessMs: number
  readonly latenessMs: number
}

export interface Expected {
  /** `key@windowStart` -> `orders,total`. */
  readonly results: ReadonlyMap<string, string>
  /** `partition:offset` of each late record. */
  readonly late: ReadonlySet<string>
  /** `partition:offset` -> reason of each record that belongs into the dead-letter topic. */
  readonly dead: ReadonlyMap<string, string>
  readonly records: number
}

interface Order {
  readonly customer: string
  readonly amount: number
  readonly at: number
}

/** The reference at work: fed with the records of each partition in order, it says what the committed prefix of them must have given. */
export class Oracle {
  readonly results = new Map<string, string>()
  readonly late = new Set<string>()
  readonly dead = new Map<string, string>()
  records = 0
  readonly #job: WindowedCount
  readonly #committed: ReadonlyMap<number, number>
  readonly #partitions = new Map<number, PartitionState>()

  constructor(job: WindowedCount, committed: ReadonlyMap<number, number>) {
    this.#job = job
    this.#committed = committed
  }

  add(record: PrintedRecord): void {
    if (record.offset >= (this.#committed.get(record.partition) ?? 0)) return
    const state = this.#partitions.get(record.partition) ?? { open: new Map(), watermark: -Infinity, offset: -1 }
    this.#partitions.set(record.partition, state)
    if (record.offset <= state.offset) throw new Error(`partition ${record.partition} was not read in order at offset ${record.offset}`)
    state.offset = record.offset
    this.records += 1
    this.#process(record, state)
  }

  #process(record: PrintedRecord, state: PartitionState): void {
    const { sizeMs, latenessMs, outOfOrdernessMs } = this.#job
    const place = `${record.partition}:${record.offset}`
    const order = parse(record.value)
    // A dead letter has no effect at all, on the watermark neither.
    if (order === null) return void this.dead.set(place, 'undecodable')
    if (record.key === null) return void this.dead.set(place, 'null-key')
    if (record.key !== order.customer) return void this.dead.set(place, 'key-mismatch')
    const start = Math.floor(order.at / sizeMs) * sizeMs
    if (state.watermark >= start + sizeMs - 1 + latenessMs) this.late.add(place)
    else addOrder(state.open, start, order)
    state.watermark = Math.max(state.watermark, order.at - outOfOrdernessMs - 1)
    for (const due of [...state.open.keys()].toSorted((a, b) => a - b)) {
      if (state.watermark < due + sizeMs - 1 + latenessMs) break
      for (const [key, { orders, total }] of state.open.get(due) ?? []) this.results.set(`${key}@${due}`, `${orders},${total}`)
      state.open.delete(due)
    }
  }
}

type OpenWindows = Map<number, Map<string, { orders: number; total: number }>>

interface PartitionState {
  readonly open: OpenWindows
  watermark: number
  offset: number
}

export function expectedOf(job: WindowedCount, input: readonly PrintedRecord[], committed: ReadonlyMap<number, number>): Expected {
  const oracle = new Oracle(job, committed)
  for (const record of input.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)) oracle.add(record)
  return oracle
}

function addOrder(open: OpenWindows, start: number, order: Order): void {
  const window = open.get(start) ?? new Map<string, { orders: number; total: number }>()
  open.set(start, window)
  const sums = window.get(order.customer) ?? { orders: 0, total: 0 }
  window.set(order.customer, { orders: sums.orders + 1, total: sums.total + order.amount })
}

function parse(value: string | null): Order | null {
  try {
    const { customer, amount, at } = JSON.parse(value ?? '') as Record<string, unknown>
    if (typeof customer !== 'string' || !Number.isSafeInteger(amount) || !Number.isSafeInteger(at)) return null
    return { customer, amount: amount as number, at: at as number }
  } catch {
    return null
  }
}

export interface Comparison {
  readonly missing: readonly string[]
  readonly unexpected: readonly string[]
  readonly duplicated: readonly string[]
  readonly wrong: readonly string[]
}

/** Compares what stands in the output topic with what must. */
export function compareResults(expected: Expected, output: readonly PrintedRecord[]): Comparison {
  const seen = new Map<string, string>()
  const duplicated: string[] = []
  const unexpected: string[] = []
  const wrong: string[] = []
  for (const record of output) {
    const row = JSON.parse(record.value ?? 'null') as { key: string; windowStart: number; orders: number; total: number }
    const name = `${row.key}@${row.windowStart}`
    const found = `${row.orders},${row.total}`
    if (seen.has(name)) duplicated.push(name)
    seen.set(name, found)
    const wanted = expected.results.get(name)
    if (wanted === undefined) unexpected.push(name)
    else if (wanted !== found || record.key !== row.key) wrong.push(`${name}: ${found}, not ${wanted}`)
  }
  return { missing: [...expected.results.keys()].filter((name) => !seen.has(name)), unexpected, duplicated, wrong }
}

/** Compares the source coordinates in late or dead-letter records with those that must be there. */
export function compareCoordinates(
  expected: Iterable<string>,
  found: readonly PrintedRecord[],
): Pick<Comparison, 'missing' | 'unexpected' | 'duplicated'> {
  const wanted = new Set(expected)
  const seen = new Set<string>()
  const duplicated: string[] = []
  for (const { headers } of found) {
    const place = `${headers['streamjob.partition']}:${headers['streamjob.offset']}`
    if (seen.has(place)) duplicated.push(place)
    seen.add(place)
  }
  return { missing: [...wanted].filter((place) => !seen.has(place)), unexpected: [...seen].filter((place) => !wanted.has(place)), duplicated }
}
