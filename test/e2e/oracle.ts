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

export function expectedOf(job: WindowedCount, input: readonly PrintedRecord[], committed: ReadonlyMap<number, number>): Expected {
  const results = new Map<string, string>()
  const late = new Set<string>()
  const dead = new Map<string, string>()
  let records = 0
  for (const [partition, end] of committed) {
    const prefix = input.filter((record) => record.partition === partition && record.offset < end).toSorted((a, b) => a.offset - b.offset)
    records += prefix.length
    partitionResults(job, prefix, results, late, dead)
  }
  return { results, late, dead, records }
}

function partitionResults(
  job: WindowedCount,
  records: readonly PrintedRecord[],
  results: Map<string, string>,
  late: Set<string>,
  dead: Map<string, string>,
): void {
  const open = new Map<number, Map<string, { orders: number; total: number }>>()
  let watermark = -Infinity
  for (const record of records) {
    const place = `${record.partition}:${record.offset}`
    const order = parse(record.value)
    if (order === null) {
      dead.set(place, 'undecodable')
      continue
    }
    const reason = record.key === null ? 'null-key' : record.key !== order.customer ? 'key-mismatch' : null
    if (reason !== null) {
      dead.set(place, reason)
      continue // a dead letter has no effect at all, on the watermark neither
    }
    const start = Math.floor(order.at / job.sizeMs) * job.sizeMs
    if (watermark >= start + job.sizeMs - 1 + job.latenessMs) late.add(place)
    else add(open, start, order)
    watermark = Math.max(watermark, order.at - job.outOfOrdernessMs - 1)
    for (const start of [...open.keys()].toSorted((a, b) => a - b)) {
      if (watermark < start + job.sizeMs - 1 + job.latenessMs) break
      for (const [key, { orders, total }] of open.get(start) ?? []) results.set(`${key}@${start}`, `${orders},${total}`)
      open.delete(start)
    }
  }
}

function add(open: Map<number, Map<string, { orders: number; total: number }>>, start: number, order: Order): void {
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
