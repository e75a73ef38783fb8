/** What draining a namespace must do: a part of the suite of state stores. */
import test from 'ava'
import type { StateStore, StateTable } from '../../runtime/state/store.ts'

export function stateStoreDrainTests(name: string, createStore: () => StateStore): void {
  const title = (sentence: string): string => `${name}: ${sentence}`

  test(title('drain goes on behind a row that it has visited, whatever became of the rows before it'), (t) => {
    const store = createStore()
    const table = store.table('t', { kind: 'cells', cells: 1 })
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const key of keys) upsert(table, 7, key)
    store.markCommitted()
    const visited: string[] = []
    let last = -1
    const visit = (row: number): void => {
      visited.push(table.keyOf(row).toString())
      table.setCell(row, 0, 1)
      last = row
    }
    t.is(table.drain(7, 2, visit), 2)
    table.delete(find(table, 7, 'a'))
    upsert(table, 8, 'x')
    t.is(table.drain(7, 3, visit, last), 3)
    upsert(table, 7, 'g')
    t.is(table.drain(7, 3, visit, last), 2)
    t.is(table.drain(7, 3, visit, last), 0)
    t.deepEqual(visited, [...keys, 'g'])
  })

  test(title('drain visits a namespace in order of insertion, in portions, and the visitor may delete'), (t) => {
    const store = createStore()
    const table = store.table('t', { kind: 'cells', cells: 1 })
    const keys = Array.from({ length: 10 }, (_, i) => `key-${i}`)
    for (const key of keys) {
      upsert(table, 7, key)
      upsert(table, 8, key)
    }
    store.markCommitted()
    const visited: string[] = []
    const visit = (row: number): void => {
      visited.push(table.keyOf(row).toString())
      table.delete(row)
    }
    t.is(table.drain(7, 4, visit), 4)
    store.rollback()
    visited.length = 0
    t.deepEqual([table.drain(7, 4, visit), table.drain(7, 4, visit), table.drain(7, 4, visit), table.drain(7, 4, visit)], [4, 4, 2, 0])
    t.deepEqual(visited, keys, 'a rolled back drain leaves the order as it was')
    t.is(table.rowsIn(8), 10)
    t.is(table.drain(9, 4, visit), 0)
  })
}

function find(table: StateTable, namespace: number, key: string): number {
  const bytes = Buffer.from(key)
  return table.find(namespace, bytes, 0, bytes.length)
}

function upsert(table: StateTable, namespace: number, key: string): number {
  const bytes = Buffer.from(key)
  return table.upsert(namespace, bytes, 0, bytes.length)
}
