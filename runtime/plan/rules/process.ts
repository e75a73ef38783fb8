/** What must hold for process functions. */
import type { ProcessFunction, ProcessNode, StateCell } from '../nodes/process.ts'
import { checkRange, type Finding, type Surroundings } from './findings.ts'
import { checkFunction } from './functions.ts'

/** Its functions, its state, and what must stand before it. */
export function checkProcess(node: ProcessNode, around: Surroundings): readonly Finding[] {
  const findings: Finding[] = []
  if (around.keyedBy === null) {
    findings.push({ kind: 'invalid', message: 'a process function needs a key: put keyBy before it, with nothing between that changes the record' })
  }
  findings.push(...checkFunction(node.onRecord, null, 'any').map((finding) => ({ ...finding, at: 'onRecord' })))
  if (node.onTimer !== null) {
    findings.push(...checkFunction(node.onTimer, null, 'any').map((finding) => ({ ...finding, at: 'onTimer' })))
    if (!around.hasEventTime) findings.push({ kind: 'invalid', at: 'onTimer', message: 'timers need event time: add eventTime behind the source' })
  }
  return [...findings, ...Object.entries(node.state).flatMap(([name, cell]) => checkCell(name, cell, around))]
}

/** The function that gets the values of a window. */
export function checkOnWindow(onWindow: ProcessFunction): readonly Finding[] {
  return checkFunction(onWindow, null, 'any').map((finding) => ({ ...finding, at: 'onWindow' }))
}

function checkCell(name: string, cell: StateCell, around: Surroundings): readonly Finding[] {
  const at = `state.${name}`
  const findings: Finding[] = [...checkNameOfState(at, name, reserved), ...checkNamesOfMap(at, cell)]
  if (cell.ttlMs === null) return findings
  if (!around.hasEventTime)
    findings.push({ kind: 'invalid', at: `${at}.ttl`, message: 'state expires in event time: add eventTime behind the source' })
  return [...findings, ...checkRange(`${at}.ttl`, cell.ttlMs, 1)]
}

/** A name of state; `reserved` are those of tables beside it. */
export function checkNameOfState(at: string, name: string, reserved: readonly string[]): readonly Finding[] {
  const findings: Finding[] = []
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name)) {
    findings.push({ kind: 'invalid', at, message: 'a name of state begins with a letter and has at most 63 letters, digits and underscores' })
  }
  if (reserved.includes(name)) findings.push({ kind: 'invalid', at, message: `${name} are kept beside the state: choose another name` })
  return findings
}

/** What names the entries of a map. */
export function checkNamesOfMap(at: string, cell: StateCell): readonly Finding[] {
  if (cell.kind !== 'map') return []
  const { kind } = cell.names.type
  if (kind !== 'list' && kind !== 'map' && kind !== 'object' && kind !== 'bytes' && !cell.names.optional) return []
  return [{ kind: 'invalid', at, message: 'the names of a map are strings, numbers, integers, booleans, timestamps or decimals' }]
}

/** Tables beside those of the state. */
const reserved: readonly string[] = ['timers', 'expiries']
