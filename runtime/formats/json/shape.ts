/** Objects of one schema all have one hidden class, whoever makes them: then code that reads their fields stays monomorphic. */
import type { RecordSchema } from '../schema.ts'

const makers = new WeakMap<RecordSchema, (values: readonly unknown[]) => unknown>()

/** Makes a record from its field values in declared order. */
export function recordMaker(schema: RecordSchema): (values: readonly unknown[]) => unknown {
  let maker = makers.get(schema)
  if (maker === undefined) {
    const names = Object.keys(schema.fields)
    const source = `return values => (${objectLiteral(
      names,
      names.map((_, i) => `values[${i}]`),
    )})`
    // oxlint-disable-next-line typescript/no-implied-eval -- made of the schema's field names alone, quoted
    maker = new Function(source)() as (values: readonly unknown[]) => unknown
    makers.set(schema, maker)
  }
  return maker
}

/** Source text of an object literal. Two literals with the same names in the same order have the same hidden class in V8. */
export function objectLiteral(names: readonly string[], values: readonly string[]): string {
  return `{ ${names.map((name, i) => `${propertyName(name)}: ${values[i]}`).join(', ')} }`
}

/** `"__proto__": x` would set the prototype; computed, it is a property like any other. */
function propertyName(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
}
