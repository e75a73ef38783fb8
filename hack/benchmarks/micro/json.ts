/** Decoding and encoding JSON records, ns each: `node hack/benchmarks/micro/json.ts`. */
import { jsonDecoder } from '../../../runtime/formats/json/decoder.ts'
import { jsonEncoder } from '../../../runtime/formats/json/encoder.ts'
import { parseSchema } from '../../../runtime/formats/schema-text.ts'
import { measure } from './measure.ts'

const count = 5000
const rounds = 20

/** Records side by side in one buffer, as in a fetched batch. */
interface Block {
  readonly bytes: Buffer
  readonly ends: readonly number[]
}

function blockOf(record: (i: number) => unknown): Block {
  const records = Array.from({ length: count }, (_, i) => Buffer.from(JSON.stringify(record(i))))
  let end = 0
  return { bytes: Buffer.concat(records), ends: records.map((bytes) => (end += bytes.length)) }
}

const bids = blockOf((i) => ({
  auction: 1000 + ((i * 7919) % 10_000),
  bidder: 1000 + ((i * 31) % 100_000),
  price: 1 + ((i * 104_729) % 1_000_000),
  channel: `channel-${(i * 7) % 10_000}`,
  url: `/item.htm?query=1&channel_id=${(i * 214_748) % 2_147_483_647}`,
  dateTime: 1_700_000_000_000 + i,
  extra: ((i * 2_654_435_761) % 2 ** 32).toString(36).padEnd(37, 'kq0x3v9m'),
}))
const views = blockOf((i) => ({
  user: `user-${(i * 7919) % 10_000}`,
  page: `p${i % 100}`,
  type: 'view',
  ms: i % 999,
  at: 1_700_000_000_000 + i,
  ok: true,
  v: 1,
}))
const prices = blockOf((i) => ({ id: `ordér-${i}`, amount: (i * 7919) / 100, note: 'a "quoted" text\n', at: 1_700_000_000_000 + i }))

function decode(name: string, block: Block, schema: unknown): void {
  const decoder = jsonDecoder(schema === null ? null : parseSchema(schema))
  measure(`decode ${Math.round(block.bytes.length / count)} B, ${name}`, count * rounds, () => {
    for (let round = 0; round < rounds; round++) {
      let start = 0
      for (const end of block.ends) {
        decoder.decode(block.bytes, start, end)
        start = end
      }
    }
  })
}

decode('3 numbers of 7 fields', bids, { auction: 'integer', price: 'number', dateTime: 'timestamp' })
decode('2 numbers and a string of 7 fields', bids, { channel: 'string', price: 'number', dateTime: 'timestamp' })
decode('2 strings and 2 numbers of 7 fields', views, { user: 'string', type: 'string', ms: 'integer', at: 'timestamp' })
decode('decimals, escapes, non-ASCII', prices, { id: 'string', amount: 'number', note: 'string', at: 'timestamp' })
decode('no schema', bids, null)

function encode(name: string, schema: unknown): void {
  const encoder = jsonEncoder(schema === null ? null : parseSchema(schema))
  const rows = Array.from({ length: count }, (_, i) => ({
    key: `user-${i}`,
    windowStart: 1_700_000_000_000,
    windowEnd: 1_700_000_060_000,
    orders: i,
    total: i / 4,
  }))
  measure(`encode a result row of 5 fields, ${name}`, count * rounds, () => {
    for (let round = 0; round < rounds; round++) for (const row of rows) encoder.encode(row)
  })
}

encode('no schema', null)
encode('with a schema', { key: 'string', windowStart: 'timestamp', windowEnd: 'timestamp', orders: 'integer', total: 'number' })
