/**
 * How fast a stage is without Kafka: bids of about 190 bytes are decoded, counted and summed per auction in windows of 10 s, and the results encoded.
 * Changelog rows are made every 200,000 records and thrown away. The output is checked against sums that the generator kept.
 *
 *     node hack/benchmarks/micro/stage.ts [--records N] [--passes N]
 *     node --cpu-prof --cpu-prof-dir=/tmp/prof hack/benchmarks/micro/stage.ts
 */
import { parseArgs } from 'node:util'
import type { RecordBlock } from '../../../runtime/kafka/records.ts'
import type { Stage } from '../../../runtime/plan/nodes.ts'
import { createStateStore } from '../../../runtime/state/table-store.ts'
import { compileStage } from '../../../runtime/transforms/compile.ts'
import type { StageOutput } from '../../../runtime/transforms/stage.ts'
import { bidBlocks, type BidBlocks } from './bids.ts'

const { values: flags } = parseArgs({ options: { records: { type: 'string', default: '1000000' }, passes: { type: 'string', default: '7' } } })
const windowMs = 10_000
const recordsPerCommit = 200_000

const bids = bidBlocks({ records: Number(flags.records), keys: 10_000, perBlock: 1_000, windowMs })
const rates: number[] = []
for (let pass = 0; pass < Number(flags.passes); pass++) {
  const { cpuSeconds, results, changelogBytes } = drain(bids)
  const rate = bids.records / cpuSeconds / 1_000
  rates.push(rate)
  console.log(`pass ${pass + 1}: ${rate.toFixed(0)} k records per CPU-second, ${results} results, ${(changelogBytes / 1e6).toFixed(0)} MB changelog`)
}
const steady = rates.slice(2).toSorted((a, b) => a - b)
const median = steady[Math.floor(steady.length / 2)] ?? rates.at(-1) ?? NaN
console.log(`median of passes 3 to ${rates.length}: ${median.toFixed(0)} k records per CPU-second, ${(1_000 / median).toFixed(2)} us per record`)

interface Drained {
  readonly cpuSeconds: number
  readonly results: number
  readonly changelogBytes: number
}

/** One pass over all bids with a fresh stage. Throws when the output is wrong. */
function drain({ blocks, expected }: BidBlocks): Drained {
  let results = 0
  let bytes = 0
  const output: StageOutput = {
    emit: (_sink, _key, _start, _end, value) => {
      results++
      bytes += value?.length ?? 0
    },
    late: () => {
      throw new Error('no bid is late')
    },
    deadLetter: (_index, reason, message) => {
      throw new Error(`${reason}: ${message}`)
    },
  }
  const store = createStateStore()
  const options = { clock: Date.now, maxFutureTimestampMs: 3_600_000, sliceBytes: 1 << 20, readHeaders: () => [] }
  const stage = compileStage(countAndSum(), { store, output, ...options })
  const started = process.cpuUsage()
  let uncommitted = 0
  let changelogBytes = 0
  for (const block of blocks) {
    processAll(stage, block)
    uncommitted += block.count
    if (uncommitted < recordsPerCommit) continue
    for (const change of store.changes()) changelogBytes += change.key.length + (change.value?.length ?? 0)
    store.markCommitted()
    uncommitted = 0
  }
  stage.endOfInput()
  while (stage.closing) stage.resume()
  const { user, system } = process.cpuUsage(started)
  if (results !== expected.results) throw new Error(`${results} results instead of ${expected.results}`)
  if (bytes !== expected.bytes) throw new Error(`${bytes} bytes of results instead of ${expected.bytes}`)
  return { cpuSeconds: (user + system) / 1e6, results, changelogBytes }
}

function processAll(stage: ReturnType<typeof compileStage>, block: RecordBlock): void {
  let next = 0
  while (next < block.count) {
    next = stage.process(block, next)
    while (stage.closing) stage.resume()
  }
}

function countAndSum(): Stage {
  const integer = { type: { kind: 'integer' }, optional: false } as const
  const schema = { kind: 'object', fields: { auction: integer, price: integer, dateTime: { type: { kind: 'timestamp' }, optional: false } } } as const
  const window = { kind: 'tumbling', sizeMs: windowMs, slideMs: windowMs, offsetMs: 0, latenessMs: 0 } as const
  return {
    name: 'bids',
    source: { kind: 'source', uid: 'bids', inputs: [], topic: 'bids', keyField: 'auction', format: { kind: 'json', schema }, startFrom: null },
    transforms: [
      { kind: 'eventTime', uid: 'event-time', inputs: ['bids'], timestamp: { kind: 'field', name: 'dateTime' }, outOfOrdernessMs: 2_000 },
      { kind: 'keyBy', uid: 'key-by', inputs: ['event-time'], field: 'auction' },
      {
        kind: 'windowAggregate',
        uid: 'totals',
        inputs: ['key-by'],
        window,
        fields: { bids: { kind: 'count' }, total: { kind: 'sum', field: 'price' } },
      },
    ],
    sinks: [{ kind: 'sink', uid: 'sink', inputs: ['totals'], topic: 'totals', format: { kind: 'json', schema: null }, create: null }],
  }
}
