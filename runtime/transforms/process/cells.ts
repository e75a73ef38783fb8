import { describeSchema } from '../../formats/schema-text.ts'
import type { FieldSchema } from '../../formats/schema.ts'
import type { ProcessNode, StateCell } from '../../plan/nodes/process.ts'
import type { StateStore } from '../../state/store.ts'
import type { Cell } from './cell.ts'
import type { Expiry } from './expiry.ts'
import { JournaledRows } from './journal.ts'
import type { Journal } from './journal.ts'
import type { KeyScope } from './key-scope.ts'
import { ListCell } from './list-cell.ts'
import { MapCell } from './map-cell.ts'
import { ValueCell } from './value-cell.ts'

/** Who has state: a process function, or a trigger. */
type Declared = Pick<ProcessNode, 'uid' | 'state'>

/** The state of a process function, by name: each cell in a table of its own, UID/NAME. */
export function openCells(node: Declared, store: StateStore, scope: KeyScope, journal: Journal, expiry: Expiry): Readonly<Record<string, Cell>> {
  const cells = Object.entries(node.state).map(([name, cell]) => {
    const rows = new JournaledRows(store.table(`${node.uid}/${name}`, { kind: 'blob' }), journal)
    return [name, cellOf(cell, { name, type: cell.type, ttlMs: cell.ttlMs, rows, scope, expiry })] as const
  })
  return Object.freeze(Object.fromEntries(cells))
}

/** What the rows of each cell hold, in words. How long they live may change; whether they carry their time may not. */
export function meaningsOfCells(node: Pick<Declared, 'state'>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(node.state).map(([name, cell]) => [name, `${describeCell(cell)}${cell.ttlMs === null ? '' : ', with times'}`]),
  )
}

/** A cell as a program would declare it. */
function describeCell(cell: StateCell): string {
  const names = cell.kind === 'map' ? `${describeField(cell.names)} to ` : ''
  return `${cell.kind} of ${names}${describeField(cell.type)}`
}

/** Without the default, which is not in the rows. */
function describeField({ type, optional }: FieldSchema): string {
  return describeSchema({ kind: 'object', fields: { v: { type, optional } } }).slice('{ v: '.length, -' }'.length)
}

function cellOf(cell: StateCell, parts: ConstructorParameters<typeof ValueCell>[0]): Cell {
  switch (cell.kind) {
    case 'value':
      return new ValueCell(parts)
    case 'list':
      return new ListCell(parts)
    case 'map':
      return new MapCell(parts, cell.names.type)
  }
}
