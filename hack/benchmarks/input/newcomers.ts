/** Newcomers to the auction house: people who join, and auctions of people who have joined lately. JSON of about 210 bytes, out of order by up to two seconds. */
import type { Input } from '../cases.ts'
import { randomNumbers } from './random.ts'
import { dateTimeOf } from './time.ts'

/** One of the two. */
export type HouseEvent = { readonly person: Person } | { readonly auction: Auction }

export interface Person {
  readonly id: number
  readonly name: string
  readonly emailAddress: string
  readonly city: string
  readonly state: string
  /** Event time, epoch ms. */
  readonly dateTime: number
  readonly extra: string
}

export interface Auction {
  readonly id: number
  readonly itemName: string
  readonly initialBid: number
  readonly reserve: number
  readonly dateTime: number
  readonly expires: number
  readonly seller: number
  readonly category: number
  readonly extra: string
}

/** The same events every time: of four one is a person. Whoever sells is one of the last `keys` people who joined. */
export function* generateNewcomers({ records, keys, perMillisecond }: Pick<Input, 'records' | 'keys' | 'perMillisecond'>): Generator<HouseEvent> {
  const random = randomNumbers(44)
  let [people, auctions] = [0, 0]
  for (let i = 0; i < records; i++) {
    const dateTime = dateTimeOf(i, perMillisecond, random)
    if (people === 0 || random() < 1 / 4) {
      yield { person: personOf(firstPerson + people++, dateTime, random) }
    } else {
      const seller = firstPerson + people - 1 - Math.floor(random() * Math.min(people, keys))
      yield { auction: auctionOf(firstAuction + auctions++, seller, dateTime, random) }
    }
  }
}

/** Somebody who only moves time on. */
export const flushPerson = (id: number, dateTime: number): HouseEvent => ({ person: personOf(id, dateTime, randomNumbers(43)) })

const firstPerson = 1_000
const firstAuction = 1_000

function personOf(id: number, dateTime: number, random: () => number): Person {
  const name = `${pick(['Vicky', 'Kate', 'Julie', 'Sarah'], random)} ${pick(['Jones', 'Smith', 'Noris', 'Walton'], random)}`
  const [city, state] = pick([['Phoenix', 'AZ'] as const, ['Seattle', 'WA'] as const, ['Boise', 'ID'] as const], random)
  return { id, name, emailAddress: `${text(2, random)}@${text(1, random)}.com`, city, state, dateTime, extra: text(10, random) }
}

function auctionOf(id: number, seller: number, dateTime: number, random: () => number): Auction {
  const initialBid = 100 + Math.floor(random() * 100_000)
  const [reserve, expires, category] = [initialBid + Math.floor(random() * 100_000), dateTime + 20_000, 10 + Math.floor(random() * 5)]
  return { id, itemName: text(3, random), initialBid, reserve, dateTime, expires, seller, category, extra: text(6, random) }
}

/** Words of six letters or digits at most, joined. */
const text = (words: number, random: () => number): string =>
  Array.from({ length: words }, () => Math.floor(random() * 2 ** 30).toString(36)).join('')

const pick = <T>(of: readonly T[], random: () => number): T => of[Math.floor(random() * of.length)]!
