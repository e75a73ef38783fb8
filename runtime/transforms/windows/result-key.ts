import type { FieldType } from '../../formats/schema.ts'

/**
 * Reads the key of a window's results from the bytes of the record key: a number where the field that is keyed by was declared as one, and so on.
 * Text where nothing was declared.
 */
export function keyReader(type: FieldType | null): (key: Buffer) => unknown {
  switch (type?.kind) {
    case 'number':
    case 'integer':
    case 'timestamp':
      return (key) => Number(key.toString('latin1'))
    case 'boolean':
      return (key) => key.toString('latin1') === 'true'
    case 'list':
      return (key): unknown => JSON.parse(key.toString('utf8'))
    case 'string':
    case 'decimal':
    case 'bytes':
    case 'map':
    case 'object':
    case undefined:
      return (key) => key.toString('utf8')
  }
}
