/** What must hold for triggers of the author's. */
import type { CustomTrigger } from '../nodes/windows.ts'
import type { Finding } from './findings.ts'
import { checkFunction } from './functions.ts'
import { checkNameOfState, checkNamesOfMap } from './process.ts'

/** Its functions, and its state, which lives as long as the window. */
export function checkTriggerFunctions({ state, onRecord, onTimer }: CustomTrigger): readonly Finding[] {
  const findings = checkFunction(onRecord, null, 'any').map((finding) => ({ ...finding, at: `${place}.onRecord` }))
  if (onTimer !== null) findings.push(...checkFunction(onTimer, null, 'any').map((finding) => ({ ...finding, at: `${place}.onTimer` })))
  return [...findings, ...Object.entries(state).flatMap(([name, cell]) => checkCell(name, cell))]
}

function checkCell(name: string, cell: CustomTrigger['state'][string]): readonly Finding[] {
  const at = `${place}.state.${name}`
  const findings = [...checkNameOfState(at, name, reserved), ...checkNamesOfMap(at, cell)]
  if (cell.ttlMs === null) return findings
  return [...findings, { kind: 'invalid', at: `${at}.ttl`, message: 'the state of a trigger lives until its window is purged: leave the ttl out' }]
}

const place = 'window.trigger'

/** Tables beside those of the state. */
const reserved: readonly string[] = ['records', 'timers']
