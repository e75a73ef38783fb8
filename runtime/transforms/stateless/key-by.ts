import { describeValue } from '../../formats/codec.ts'
import { keyEquals } from '../../formats/key.ts'
import type { KeyByNode } from '../../plan/nodes.ts'
import { RecordRejected } from '../chain.ts'
import type { ChainContext, Push } from '../chain.ts'

/**
 * Lets through what is keyed by the field already: the record key is there and is the field's encoding. What is not would count in another task than
 * its like, and is rejected.
 */
export function keyBy(node: KeyByNode, context: ChainContext, next: Push): Push {
  const { record } = context
  const { field } = node
  return (value) => {
    const { keyBytes } = record
    if (keyBytes === null) throw new RecordRejected('null-key', `it has no key; the key must be field "${field}"`)
    const found = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[field] : undefined
    if (!isKey(found, keyBytes, record.keyStart, record.keyEnd)) {
      throw new RecordRejected('key-mismatch', `its key ${JSON.stringify(record.key)} is not field "${field}", which is ${describeValue(found)}`)
    }
    next(value)
  }
}

function isKey(value: unknown, bytes: Uint8Array, start: number, end: number): boolean {
  try {
    return keyEquals(value, bytes, start, end)
  } catch {
    return false // objects and null are no keys
  }
}
