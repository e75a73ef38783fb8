/** Writes rows: the layout is in row.ts. */
import type { Encoder } from '../codec.ts'
import { EncodeError, fieldPath } from '../codec.ts'
import { collection, maxDepth, nestedTooDeep, refusedKind, unsettled } from '../refusals.ts'
import { LayoutsByDepth } from './layouts.ts'
import { rowVersion, tag } from './row.ts'
import { RowWriter } from './write.ts'

/** An encoder of any value that JSON has a form of, and of bytes, dates, NaN and infinities as such (README.md). */
export function rowEncoder(): Encoder {
  return new RowEncoder()
}

/** Objects with these names, in this order, and no others. */
interface Layout {
  readonly names: readonly string[]
  /** The names as texts, one behind the other. */
  readonly texts: Uint8Array
}

type Fields = Readonly<Record<string, unknown>>

class RowEncoder implements Encoder {
  readonly #writer = new RowWriter()
  readonly #texts = new RowWriter()
  readonly #layouts = new LayoutsByDepth<Layout>()
  /** The way to the value in work, for messages: good up to its depth. */
  readonly #steps: (string | number)[] = []

  encode(value: unknown): Uint8Array {
    const writer = this.#writer
    writer.begin()
    writer.byte(rowVersion)
    this.#write(value, 0)
    return writer.finish()
  }

  #write(value: unknown, depth: number): void {
    const writer = this.#writer
    if (typeof value === 'string') {
      writer.byte(tag.text)
      writer.text(value)
    } else if (typeof value === 'number') writer.number(value)
    else if (typeof value === 'boolean') writer.byte(value ? tag.true : tag.false)
    else if (value === null) writer.byte(tag.null)
    else if (typeof value !== 'object') throw refusedKind(this.#path(depth), value)
    else if (depth > maxDepth) throw nestedTooDeep(this.#path(depth))
    else if (Array.isArray(value)) this.#writeList(value, depth)
    else if (isPlain(value)) this.#writePlain(value, depth)
    else this.#writeInstance(value, depth)
  }

  #writeList(items: readonly unknown[], depth: number): void {
    const length = items.length
    this.#writer.byte(tag.list)
    this.#writer.varint(length)
    for (let i = 0; i < length; i++) {
      const item = items[i]
      this.#steps[depth] = i
      this.#write(item === undefined ? null : item, depth + 1)
    }
  }

  #writePlain(object: Fields, depth: number): void {
    const layouts = this.#layouts.at(depth)
    const { list } = layouts
    for (let i = 0; i < list.length; i++) {
      const layout = list[i]!
      if (!fits(layout, object)) continue
      layouts.met(i)
      this.#writeFields(layout, object, depth)
      return
    }
    this.#writeUnknown(object, depth)
  }

  #writeUnknown(object: Fields, depth: number): void {
    if (typeof object['toJSON'] === 'function') {
      this.#steps[depth] = 'toJSON()'
      this.#write(object['toJSON'](), depth + 1)
      return
    }
    const names = Object.keys(object).filter((name) => object[name] !== undefined)
    this.#texts.begin()
    for (const name of names) this.#texts.text(name)
    const layout = { names, texts: this.#texts.finish() }
    this.#writeFields(layout, object, depth)
    const layouts = this.#layouts.at(depth)
    // Only where each name in the object is its own, and no method that is to be heard.
    if (layouts.wants(names.length, layout.texts.length) && isPlain(object) && !names.includes('toJSON'))
      layouts.add({ names, texts: new Uint8Array(layout.texts) })
  }

  #writeFields({ names, texts }: Layout, object: Fields, depth: number): void {
    const writer = this.#writer
    writer.byte(tag.object)
    writer.varint(texts.length)
    writer.raw(texts)
    let i = 0
    for (const name in object) {
      if (i === names.length) break
      if (name !== names[i]) continue
      i++
      const value = object[name]
      if (typeof value === 'string') {
        writer.byte(tag.text)
        writer.text(value)
      } else if (typeof value === 'number') writer.number(value)
      else {
        this.#steps[depth] = name
        this.#write(value, depth + 1)
      }
    }
    if (i < names.length) throw new EncodeError(`${this.#path(depth) || 'value'}: loses the field ${names[i]} while it is written`)
  }

  #writeInstance(value: object, depth: number): void {
    const writer = this.#writer
    if (value instanceof Date) writer.float(tag.date, value.getTime())
    else if (value instanceof Uint8Array) {
      writer.byte(tag.bytes)
      writer.varint(value.length)
      writer.raw(value)
    } else if (value instanceof Map || value instanceof Set) throw collection(this.#path(depth))
    else if (value instanceof Promise) throw unsettled(value, this.#path(depth))
    else this.#writeUnknown(value as Fields, depth)
  }

  #path(depth: number): string {
    let path = ''
    for (const step of this.#steps.slice(0, depth)) path = fieldPath(path, step)
    return path
  }
}

function isPlain(value: object): value is Fields {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Fields that are undefined do not count. */
function fits({ names }: Layout, object: Fields): boolean {
  let i = 0
  for (const name in object) {
    if (i < names.length && name === names[i]) {
      if (object[name] === undefined) return false
      i++
    } else if (object[name] !== undefined) return false
  }
  return i === names.length
}
