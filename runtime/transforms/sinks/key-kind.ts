import type { FieldType } from '../../formats/schema.ts'
import { keyReader } from '../windows/result-key.ts'

/** What keys were before they became bytes: of one kind, or of several. */
export type KindOfKey = 'string' | 'number' | 'boolean' | 'list' | 'mixed'

/**
 * The kind of keys that come from a function, whose type nobody has declared: what was seen says how to read them back. Keys of several kinds are text.
 */
export class KeyKind {
  /** Null: none was seen yet. */
  seen: KindOfKey | null = null
  readonly #field: string

  constructor(field: string) {
    this.#field = field
  }

  /** Looks at a value that is keyed by the field. */
  look(value: unknown): void {
    const kind = kindOf((value as Readonly<Record<string, unknown>>)[this.#field])
    if (kind !== this.seen) this.seen = this.seen === null ? kind : 'mixed'
  }

  read(key: Buffer): unknown {
    return readers[this.seen ?? 'mixed'](key)
  }
}

function kindOf(key: unknown): KindOfKey {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean') return typeof key as 'string' | 'number' | 'boolean'
  return Array.isArray(key) ? 'list' : 'mixed'
}

const list: FieldType = { kind: 'list', items: { type: { kind: 'string' }, optional: false } }
const readers: Readonly<Record<KindOfKey, (key: Buffer) => unknown>> = {
  string: keyReader({ kind: 'string' }),
  number: keyReader({ kind: 'number' }),
  boolean: keyReader({ kind: 'boolean' }),
  list: keyReader(list),
  mixed: keyReader(null),
}
