/** Values that JSON carries as text: timestamps, decimals, bytes. One definition each, over bytes, so that the scanner and the plain reader agree. */

/** Largest distance from the epoch that a date may have (ECMA-262, time values), ms. */
export const maxTimestamp = 8.64e15

/**
 * Epoch ms of an ISO 8601 date (midnight UTC) or date and time with zone: `2026-11-22`, `2026-11-22T10:30Z`, `2026-11-22T10:30:15.250+01:00`.
 * NaN for anything else: a time without a zone means a different moment on every machine. Digits behind the millisecond are cut off.
 */
export function parseTimestamp(bytes: Uint8Array, start: number, end: number): number {
  const year = digits(bytes, start, 4, end)
  const month = digits(bytes, start + 5, 2, end)
  const day = digits(bytes, start + 8, 2, end)
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return NaN
  if (bytes[start + 4] !== dash || bytes[start + 7] !== dash) return NaN
  const midnight = daysFromEpoch(year, month, day) * 86_400_000
  let p = start + 10
  if (p === end) return midnight
  if (bytes[p] !== letterT || bytes[p + 3] !== colon) return NaN
  const hour = digits(bytes, p + 1, 2, end)
  const minute = digits(bytes, p + 4, 2, end)
  p += 6
  let seconds = 0
  let milliseconds = 0
  if (bytes[p] === colon && p < end) {
    seconds = digits(bytes, p + 1, 2, end)
    p += 3
    if (bytes[p] === dot && p < end) {
      const fraction = p + 1
      p = fraction
      for (let weight = 100; p < end && isDigit(bytes[p]!); p++, weight = Math.floor(weight / 10)) milliseconds += (bytes[p]! - zero) * weight
      if (p === fraction) return NaN
    }
  }
  if (!(hour <= 23 && minute <= 59 && seconds <= 59)) return NaN
  const zone = zoneMinutes(bytes, p, end)
  return midnight + hour * 3_600_000 + (minute - zone) * 60_000 + seconds * 1000 + milliseconds
}

/** Whether the text is a decimal number: the grammar of JSON numbers. */
export function isDecimal(text: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)
}

/** The bytes of a base64 text (RFC 4648 section 4, padded); null when it is none. */
export function parseBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
  return new Uint8Array(Buffer.from(text, 'base64'))
}

const zero = 0x30
const dash = 0x2d
const plus = 0x2b
const colon = 0x3a
const dot = 0x2e
const letterT = 0x54
const letterZ = 0x5a

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= 0x39
}

/** The number of `count` digits at `at`; NaN when there are fewer. */
function digits(bytes: Uint8Array, at: number, count: number, end: number): number {
  if (at + count > end) return NaN
  let value = 0
  for (let i = at; i < at + count; i++) {
    const byte = bytes[i]!
    if (!isDigit(byte)) return NaN
    value = value * 10 + byte - zero
  }
  return value
}

/** Minutes east of UTC of `Z`, `+hh:mm` or `+hhmm`, which must reach to the end; NaN otherwise. */
function zoneMinutes(bytes: Uint8Array, at: number, end: number): number {
  const sign = at < end ? bytes[at] : undefined
  if (sign === letterZ) return at + 1 === end ? 0 : NaN
  if (sign !== plus && sign !== dash) return NaN
  const minutesAt = bytes[at + 3] === colon ? at + 4 : at + 3
  if (minutesAt + 2 !== end) return NaN
  const hours = digits(bytes, at + 1, 2, end)
  const minutes = digits(bytes, minutesAt, 2, end)
  if (!(hours <= 23 && minutes <= 59)) return NaN
  return (sign === plus ? 1 : -1) * (hours * 60 + minutes)
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar: years begin in March, so that the leap day is the last of a year. */
function daysFromEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}
