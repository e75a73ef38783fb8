/** Event time of the records of an input. */
import type { Input } from '../cases.ts'

/** How much older than the newest record a record may be. */
export const disorderMs = 2_000
const start = 1_763_800_000_000

/** Of record `i`, epoch ms. */
export const dateTimeOf = (i: number, perMillisecond: number, random: () => number): number =>
  start + Math.floor(i / perMillisecond) + disorderMs - Math.floor(random() * disorderMs)

/** So far ahead of all records that the watermark passes every window of theirs, where none is longer, and no session has a longer gap. */
export const timeBehind = ({ records, perMillisecond }: Pick<Input, 'records' | 'perMillisecond'>, windowMs: number): number =>
  start + Math.floor(records / perMillisecond) + windowMs + 2 * disorderMs
