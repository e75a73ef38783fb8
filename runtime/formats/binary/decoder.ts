/** Reads rows: the layout is in row.ts. */
import { DecodeError } from '../codec.ts'
import type { Decoder } from '../codec.ts'
import { objectLiteral } from '../json/shape.ts'
import { putEntry } from '../json/walk.ts'
import { maxDepth } from '../refusals.ts'
import { asciiText, RecentTexts } from '../text.ts'
import { LayoutsByDepth } from './layouts.ts'
import { rowVersion, tag } from './row.ts'

/** A decoder of what `rowEncoder` writes. Objects with the same names in the same order have one hidden class, that of the JSON decoder's records. */
export function rowDecoder(): Decoder {
  return new RowDecoder()
}

/** Objects whose names were met before. */
interface Layout {
  readonly names: DataView
  /** Reads the values, which begin where the reader stands. */
  readonly read: (reader: RowDecoder, depth: number, texts: Texts) => unknown
  readonly texts: Texts
}

/** Texts of each field, made when there is one. */
type Texts = (RecentTexts | undefined)[]

class RowDecoder implements Decoder {
  #bytes: Buffer = noBytes
  #view = viewOf(noBytes)
  #start = 0
  #at = 0
  #end = 0
  readonly #layouts = new LayoutsByDepth<Layout>()

  decode(bytes: Buffer, start: number, end: number): unknown {
    if (this.#bytes !== bytes) {
      this.#bytes = bytes
      this.#view = viewOf(bytes)
    }
    this.#start = start
    this.#at = start
    this.#end = end
    const version = bytes[this.#take(1)]!
    if (version !== rowVersion) throw new DecodeError(`value: is no row of format ${rowVersion}: its first byte is ${version}`)
    const value = this.read(0)
    if (this.#at !== end) throw this.#damaged(`it has ${end - this.#at} bytes behind its value`)
    return value
  }

  /** The value that begins here. `texts[field]` are those that the field had before. */
  read(depth: number, texts?: Texts, field = 0): unknown {
    const kind = this.#bytes[this.#take(1)]!
    switch (kind) {
      case tag.text:
        return this.#text(texts === undefined ? undefined : (texts[field] ??= new RecentTexts()))
      case tag.integer: {
        const zigzag = this.#varint()
        return (zigzag >>> 1) ^ -(zigzag & 1)
      }
      case tag.number:
        return this.#view.getFloat64(this.#take(8), true)
      case tag.null:
        return null
      case tag.false:
        return false
      case tag.true:
        return true
      case tag.object:
        return this.#object(depth)
      case tag.list:
        return this.#list(depth, texts, field)
      case tag.bytes: {
        const length = this.#varint()
        const from = this.#take(length)
        return new Uint8Array(this.#bytes.subarray(from, from + length))
      }
      case tag.date:
        return new Date(this.#view.getFloat64(this.#take(8), true))
      default:
        throw this.#damaged(`there is no kind of value ${kind}`)
    }
  }

  #object(depth: number): unknown {
    this.#descend(depth)
    const length = this.#varint()
    const from = this.#take(length)
    const layouts = this.#layouts.at(depth)
    const { list } = layouts
    for (let i = 0; i < list.length; i++) {
      const layout = list[i]!
      if (!areAt(layout.names, this.#view, from, length)) continue
      layouts.met(i)
      return layout.read(this, depth + 1, layout.texts)
    }
    return this.#unknownObject(depth, from, from + length)
  }

  #unknownObject(depth: number, from: number, to: number): unknown {
    const names = this.#names(from, to)
    const layouts = this.#layouts.at(depth)
    if (layouts.wants(names.length, to - from)) {
      const layout = { names: viewOf(new Uint8Array(this.#bytes.subarray(from, to))), read: compile(names), texts: [] }
      layouts.add(layout)
      return layout.read(this, depth + 1, layout.texts)
    }
    const object: Record<string, unknown> = {}
    for (const name of names) putEntry(object, name, this.read(depth + 1))
    return object
  }

  /** The texts in `bytes[from, to)`, read without a step on. */
  #names(from: number, to: number): string[] {
    const [at, end] = [this.#at, this.#end]
    this.#at = from
    this.#end = to
    const names: string[] = []
    while (this.#at < to) names.push(this.#text())
    this.#at = at
    this.#end = end
    return names
  }

  #list(depth: number, texts: Texts | undefined, field: number): unknown[] {
    this.#descend(depth)
    const count = this.#varint()
    // Every value takes a byte at least: a count that says otherwise asks for memory that no row fills.
    if (count > this.#end - this.#at) throw this.#damaged(`a list of ${count} does not end in it`)
    const items: unknown[] = []
    for (let i = 0; i < count; i++) items.push(this.read(depth + 1, texts, field))
    return items
  }

  #text(recent?: RecentTexts): string {
    const head = this.#varint()
    const units = head >>> 1
    if ((head & 1) === 1) {
      const from = this.#take(units * 2)
      return this.#bytes.toString('utf16le', from, from + units * 2)
    }
    const from = this.#take(units)
    return recent === undefined ? asciiText(this.#bytes, from, from + units) : recent.text(this.#bytes, from, from + units)
  }

  #varint(): number {
    let byte = this.#bytes[this.#take(1)]!
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    for (let shift = 7; shift < 35; shift += 7) {
      byte = this.#bytes[this.#take(1)]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw this.#damaged('a number has more than five bytes')
  }

  /** Steps over so many bytes, and says where they begin. */
  #take(size: number): number {
    const at = this.#at
    if (at + size > this.#end) throw this.#damaged(`it ends inside of ${size} bytes`)
    this.#at = at + size
    return at
  }

  #descend(depth: number): void {
    if (depth > maxDepth) throw this.#damaged(`values are nested more than ${maxDepth} deep`)
  }

  #damaged(what: string): DecodeError {
    return new DecodeError(`value: is a damaged row: ${what}, at byte ${this.#at - this.#start} of ${this.#end - this.#start}`)
  }
}

const noBytes = Buffer.alloc(0)

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}

function areAt(names: DataView, view: DataView, from: number, length: number): boolean {
  if (names.byteLength !== length) return false
  let i = 0
  for (; i + 4 <= length; i += 4) if (names.getInt32(i) !== view.getInt32(from + i)) return false
  for (; i < length; i++) if (names.getUint8(i) !== view.getUint8(from + i)) return false
  return true
}

/** An object literal reads its values in the order of its names. */
function compile(names: readonly string[]): Layout['read'] {
  const values = names.map((_, i) => `reader.read(depth, texts, ${i})`)
  // oxlint-disable-next-line typescript/no-implied-eval -- made of the names alone, quoted
  return new Function('reader', 'depth', 'texts', `return ${objectLiteral(names, values)}`) as Layout['read']
}
