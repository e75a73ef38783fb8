/** What every format gives the runtime: bytes to value and back, and the two errors that name a bad record. */

/** Reads values of one format; made once per source, called once per record. */
export interface Decoder {
  /** The value in `bytes[start, end)`. Throws DecodeError. The value shares no memory with `bytes`. */
  decode(bytes: Buffer, start: number, end: number): unknown
}

/** Writes values of one format; made once per sink. */
export interface Encoder {
  /** The bytes of the value; they stay as they are when more is encoded. Throws EncodeError. */
  encode(value: unknown): Uint8Array
}

/** A record that is not what its source declares: a dead letter with reason `undecodable`. The message names the field and what was found. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

/** A value that the sink's format can't carry: a dead letter with reason `processing`. The message names the field and what was found. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError'
}

/** A place in a value, in the notation of the author's language: `order.items[2].price`, `tags["a b"]`; the whole is `value`. */
export function fieldPath(parent: string, step: string | number): string {
  if (typeof step === 'number') return `${parent || 'value'}[${step}]`
  if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step)) return `${parent || 'value'}[${JSON.stringify(step)}]`
  return parent === '' ? step : `${parent}.${step}`
}

/** A found value for a message: its kind and, where short, itself. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
  if (typeof value === 'bigint') return `the bigint ${String(value).slice(0, 40)}`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
