/**
 * What the machine can do right now, in plain JavaScript: bids are parsed with JSON.parse and counted in a Map. Prints CPU-seconds per million bids.
 *
 *   node calibration.ts
 */
import { generateBids } from '../input/bids.ts'

const distinct = 50_000
const rounds = 16
const warmUp = 4

const texts = Array.from(generateBids({ records: distinct, keys: 10_000, perMillisecond: 10 }), (bid) => Buffer.from(JSON.stringify(bid)))

let counted = 0
const times: number[] = []
for (let round = 0; round < rounds; round++) {
  const before = process.cpuUsage()
  counted += countAll()
  const { user, system } = process.cpuUsage(before)
  times.push((user + system) / distinct)
}
if (counted !== rounds * distinct) throw new Error(`${counted} bids were counted`)
const steady = times.slice(warmUp)
console.log(String(steady.reduce((sum, time) => sum + time, 0) / steady.length))

/** Microseconds per bid are seconds per million. */
function countAll(): number {
  const totals = new Map<number, { count: number; sum: number }>()
  for (const text of texts) {
    // Bids of our own generator.
    const { auction, price } = JSON.parse(text.toString('utf8')) as { readonly auction: number; readonly price: number }
    const total = totals.get(auction)
    if (total === undefined) totals.set(auction, { count: 1, sum: price })
    else {
      total.count++
      total.sum += price
    }
  }
  return [...totals.values()].reduce((sum, { count }) => sum + count, 0)
}
