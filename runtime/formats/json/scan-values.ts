/** Reads scalar values from JSON bytes. Each returns the value and leaves the position behind it, or -1, in `c.at`. */
import { asciiText, utf8Text } from '../text.ts'
import type { RecentTexts } from '../text.ts'
import { isDecimal, maxTimestamp, parseBase64, parseTimestamp } from '../text-values.ts'
import { escaped, skipNumber, skipString } from './scan.ts'
import type { Cursor } from './scan.ts'

/** Powers of ten that a double holds exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/**
 * A number, exactly as JSON.parse gives it. Up to 15 digits are a whole number below 2^53, and its quotient by an exact power of ten is rounded once,
 * so correctly (W. D. Clinger, How to read floating point numbers accurately, 1990). Longer ones and exponents are left to the engine.
 */
export function readNumber(c: Cursor, b: Buffer, start: number): number {
  let p = start
  let byte = b[p]!
  const negative = byte === 0x2d
  if (negative) byte = b[++p]!
  let mantissa = 0
  const first = p
  if (byte === 0x30) byte = b[++p]!
  else {
    while (byte >= 0x30 && byte <= 0x39) {
      mantissa = mantissa * 10 + (byte - 0x30)
      byte = b[++p]!
    }
    if (p === first) return fail(c)
  }
  let digits = p - first
  let decimals = 0
  if (byte === 0x2e) {
    const point = p
    byte = b[++p]!
    while (byte >= 0x30 && byte <= 0x39) {
      mantissa = mantissa * 10 + (byte - 0x30)
      byte = b[++p]!
    }
    decimals = p - point - 1
    if (decimals === 0) return fail(c)
    digits += decimals
  }
  if (digits > 15 || byte === 0x65 || byte === 0x45) return readLongNumber(c, b, start)
  c.at = p
  if (decimals !== 0) mantissa /= powersOfTen[decimals]!
  return negative ? -mantissa : mantissa
}

function readLongNumber(c: Cursor, b: Buffer, start: number): number {
  c.at = skipNumber(b, start)
  if (c.at < 0) return 0
  const value = Number(asciiText(b, start, c.at))
  return Number.isFinite(value) ? value : fail(c)
}

/** A whole number of at most 53 bits. */
export function readInteger(c: Cursor, b: Buffer, start: number): number {
  const value = readNumber(c, b, start)
  return Number.isSafeInteger(value) ? value : fail(c)
}

/** Whole epoch ms, or ISO 8601. */
export function readTimestamp(c: Cursor, b: Buffer, start: number): number {
  if (b[start] !== 0x22) {
    const time = readNumber(c, b, start)
    return time <= maxTimestamp && time >= -maxTimestamp && Math.floor(time) === time ? time : fail(c)
  }
  const behind = skipString(c, b, start + 1)
  c.at = behind
  if (behind < 0) return 0
  const time = parseTimestamp(b, start + 1, behind - 1)
  return time === time ? time : fail(c)
}

/** A string; `recent` are those of its field. */
export function readString(c: Cursor, b: Buffer, start: number, recent?: RecentTexts): string {
  if (b[start] !== 0x22) return failText(c)
  const before = c.marks
  c.marks = 0
  const behind = skipString(c, b, start + 1)
  const marks = c.marks
  c.marks = before | marks
  c.at = behind
  if (behind < 0) return ''
  if (marks === 0) return recent === undefined ? asciiText(b, start + 1, behind - 1) : recent.text(b, start + 1, behind - 1)
  if ((marks & escaped) !== 0) return JSON.parse(utf8Text(b, start, behind)) as string
  return utf8Text(b, start + 1, behind - 1)
}

/** A decimal: the text of a string, or of a number as it is written. */
export function readDecimal(c: Cursor, b: Buffer, start: number): string {
  if (b[start] !== 0x22) {
    c.at = skipNumber(b, start)
    return c.at < 0 ? '' : asciiText(b, start, c.at)
  }
  const text = readString(c, b, start)
  return isDecimal(text) ? text : failText(c)
}

/** Bytes as base64. */
export function readBytes(c: Cursor, b: Buffer, start: number): Uint8Array {
  const text = readString(c, b, start)
  const bytes = c.at < 0 ? null : parseBase64(text)
  if (bytes !== null) return bytes
  c.at = -1
  return noBytes
}

/** `true` or `false`. */
export function readBoolean(c: Cursor, b: Buffer, p: number): boolean {
  if (b[p] === 0x74 && b[p + 1] === 0x72 && b[p + 2] === 0x75 && b[p + 3] === 0x65) {
    c.at = p + 4
    return true
  }
  c.at = b[p] === 0x66 && b[p + 1] === 0x61 && b[p + 2] === 0x6c && b[p + 3] === 0x73 && b[p + 4] === 0x65 ? p + 5 : -1
  return false
}

const noBytes = new Uint8Array(0)

function fail(c: Cursor): number {
  c.at = -1
  return 0
}

function failText(c: Cursor): string {
  c.at = -1
  return ''
}
