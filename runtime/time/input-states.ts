/**
 * The states of many inputs in few bytes, because they stand in every position row: names that end in a number share their beginning, and watermarks are
 * counted from a base.
 *
 *     orders/0 at base + 250, orders/1 never heard of, orders/2 idle at base - 30      { 'orders/*': '250,,-30i' }
 *     alerts, catching up at base - 5                                                  { 'alerts=': '-5c' }
 *
 * Behind the number `i` stands for idle, `c` for catching up. No number: nothing was heard yet; `end`: Infinity.
 */
import { StreamJobError } from '../errors.ts'
import type { InputState } from './combined-watermark.ts'

export function encodeInputs(inputs: ReadonlyMap<string, InputState>, base: number): Record<string, string> {
  const lists = new Map<string, string[]>()
  const encoded: Record<string, string> = {}
  for (const [name, state] of inputs) {
    const text = encode(state, base)
    const { stem, number } = split(name, inputs.size)
    if (number === null) encoded[`${name}=`] = text
    else {
      const list = lists.get(stem) ?? []
      lists.set(stem, list)
      while (list.length < number) list.push(absent)
      list[number] = text
    }
  }
  for (const [stem, list] of lists) encoded[`${stem}*`] = list.join(',')
  return encoded
}

export function* decodeInputs(encoded: Readonly<Record<string, string>>, base: number): Generator<readonly [string, InputState]> {
  for (const [key, text] of Object.entries(encoded)) {
    const name = key.slice(0, -1)
    if (key.endsWith('=')) yield [name, decode(text, base)]
    else for (const [number, one] of text.split(',').entries()) if (one !== absent) yield [`${name}${number}`, decode(one, base)]
  }
}

/** There is no input of that number. */
const absent = '-'

/** A number that is not much larger than there are inputs: the lists have few gaps. */
function split(name: string, inputs: number): { readonly stem: string; readonly number: number | null } {
  const match = /^(.*?)(0|[1-9]\d{0,8})$/s.exec(name)
  const number = Number(match?.[2] ?? Infinity)
  return number <= 2 * inputs ? { stem: match?.[1] ?? '', number } : { stem: name, number: null }
}

function encode({ watermark, phase }: InputState, base: number): string {
  const number = watermark === -Infinity ? '' : watermark === Infinity ? 'end' : String(watermark - base)
  return phase === 'idle' ? `${number}i` : phase === 'catching-up' ? `${number}c` : number
}

function decode(text: string, base: number): InputState {
  const match = /^(|end|-?\d+)([ic]?)$/.exec(text)
  if (match === null) throw new StreamJobError('changelog-corrupt', `${JSON.stringify(text)} is not the state of an input.`)
  const [, number, phase] = match
  const watermark = number === '' ? -Infinity : number === 'end' ? Infinity : base + Number(number)
  return { watermark, phase: phase === 'i' ? 'idle' : phase === 'c' ? 'catching-up' : 'active' }
}
