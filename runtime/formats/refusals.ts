/** Why a program's value can't be written, in words that all formats share. */
import { describeValue, EncodeError } from './codec.ts'

/** How deep values may be nested: one that refers to itself has no end. */
export const maxDepth = 200

/** `expected` is what the place at `path` may hold. */
export function refused(path: string, expected: string, found: unknown): EncodeError {
  return new EncodeError(`${path || 'value'}: expected ${expected}, found ${describeValue(found)}`)
}

/** For what no format without a schema has a form of: functions, bigints, symbols. */
export function refusedKind(path: string, found: unknown): EncodeError {
  return refused(path, 'something that JSON can hold', found)
}

export function nestedTooDeep(path: string): EncodeError {
  return new EncodeError(`${path.slice(0, 100)}: is nested more than ${maxDepth} deep, or refers to itself`)
}

/** Would be written as an empty object. */
export function collection(path: string): EncodeError {
  return new EncodeError(`${path || 'value'}: JSON can't hold a Map or Set; make an object or a list of it`)
}

/** Would be written as an empty object. That it may fail later, with nobody waiting for it, must not end the process. */
export function unsettled(promise: Promise<unknown>, path: string): EncodeError {
  promise.catch(() => undefined)
  return new EncodeError(`${path || 'value'}: JSON can't hold a promise; functions of a transform are synchronous`)
}
