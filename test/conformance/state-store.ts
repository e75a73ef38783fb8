/** What every state store must do. An implementation runs it with one call: `stateStoreConformance('name', createStore)`. */
import test from 'ava'
import { StreamJobError } from '../../runtime/errors.ts'
import { restoreRows } from '../support/changelog-rows.ts'
import type { RowChange, StateStore, StateTable } from '../../runtime/state/store.ts'
import { stateStoreDrainTests } from './state-store-drain.ts'
import { stateStoreModelTests } from './state-store-model.ts'

export function stateStoreConformance(name: string, createStore: () => StateStore): void {
  const title = (sentence: string): string => `${name}: ${sentence}`

  test(title('a new row is empty, and upsert tells whether it made it'), (t) => {
    const store = createStore()
    const table = store.table('sums', { kind: 'cells', cells: 3 })
    t.is(find(table, 0, 'a'), -1)
    const row = upsert(table, 0, 'a')
    t.true(table.created)
    t.deepEqual(
      [0, 1, 2].map((cell) => table.getCell(row, cell)),
      [0, 0, 0],
    )
    table.setCell(row, 1, 2.5)
    t.is(upsert(table, 0, 'a'), row)
    t.false(table.created)
    t.is(table.getCell(find(table, 0, 'a'), 1), 2.5)
    t.is(table.size, 1)
    t.is(store.rows, 1)
    t.is(store.table('blobs', { kind: 'blob' }).getBlob(upsert(store.table('blobs', { kind: 'blob' }), 0, 'a')).length, 0)
    t.throws(() => store.table('sums', { kind: 'blob' }), { message: /another layout/ })
  })

  test(title('the place that a deleted row leaves is empty when it is used again'), (t) => {
    const table = createStore().table('sums', { kind: 'cells', cells: 2 })
    table.setCell(upsert(table, 0, 'a'), 1, 7)
    table.delete(find(table, 0, 'a'))
    t.is(table.getCell(upsert(table, 0, 'b'), 1), 0)
    t.throws(() => table.delete(9), { instanceOf: RangeError })
  })

  test(title('a key is found by its bytes and its namespace, whatever its length, wherever it stands in its buffer'), (t) => {
    const table = createStore().table('t', { kind: 'cells', cells: 1 })
    const keys = [0, 1, 2, 3, 4, 5, 7, 8, 23, 24, 25, 31, 32, 100, 70_000].flatMap((length) =>
      ['x', '\0', 'é'].map((unit) => Buffer.from(unit.repeat(length))),
    )
    const distinct = [...new Map(keys.map((key) => [key.toString('hex'), key])).values()]
    const namespaces = [0, 1, -1, 1_700_000_000_000, -1_700_000_000_000, Number.MAX_SAFE_INTEGER]
    const rows = namespaces.flatMap((namespace) => distinct.map((key) => ({ namespace, key })))
    rows.forEach(({ namespace, key }, i) => table.setCell(table.upsert(namespace, key, 0, key.length), 0, i + 1))
    t.is(table.size, rows.length)
    rows.forEach(({ namespace, key }, i) => {
      const block = Buffer.concat([Buffer.from('xx'), key, Buffer.from('x')])
      const row = table.find(namespace, block, 2, 2 + key.length)
      t.is(table.getCell(row, 0), i + 1)
      t.deepEqual(table.keyOf(row), key)
    })
    t.deepEqual(
      table.namespaces(),
      [...namespaces].sort((a, b) => a - b),
    )
    t.throws(() => upsert(table, 0.5, 'a'), { instanceOf: RangeError })
  })

  test(title('a key and a blob are copies: what happens to the bytes that were given does not matter'), (t) => {
    const table = createStore().table('t', { kind: 'blob' })
    const bytes = Buffer.from('a key that is longer than most')
    const row = table.upsert(0, bytes, 0, bytes.length)
    table.setBlob(row, bytes)
    bytes.fill(0)
    t.is(table.keyOf(row).toString(), 'a key that is longer than most')
    t.is(Buffer.from(table.getBlob(row)).toString(), 'a key that is longer than most')
  })

  test(title('a blob may shrink, grow, and be made of its own bytes'), (t) => {
    const table = createStore().table('t', { kind: 'blob' })
    const row = upsert(table, 0, 'a')
    for (const length of [10, 17, 5, 0, 100_000, 64, 200_000, 1]) {
      table.setBlob(row, Buffer.alloc(length, length % 251))
      t.deepEqual(Buffer.from(table.getBlob(row)), Buffer.alloc(length, length % 251))
    }
    table.setBlob(row, Buffer.from('0123456789'.repeat(20)))
    table.setBlob(row, table.getBlob(row).subarray(3, 150))
    t.is(Buffer.from(table.getBlob(row)).toString(), '0123456789'.repeat(20).slice(3, 150))
    table.setBlob(row, table.getBlob(row).subarray(1, 4))
    t.is(Buffer.from(table.getBlob(row)).toString(), '456')
  })

  test(title('namespaces and their rows are those that are alive'), (t) => {
    const store = createStore()
    const table = store.table('t', { kind: 'cells', cells: 1 })
    for (const namespace of [30, 10, 20]) upsert(table, namespace, 'a')
    upsert(table, 10, 'b')
    t.deepEqual(table.namespaces(), [10, 20, 30])
    t.is(table.rowsIn(10), 2)
    t.is(table.rowsIn(11), 0)
    store.markCommitted()
    table.delete(find(table, 20, 'a'))
    t.deepEqual(table.namespaces(), [10, 30])
    t.is(table.rowsIn(20), 0)
    store.rollback()
    t.deepEqual(table.namespaces(), [10, 20, 30])
  })

  test(title('changes are the rows that differ from the commit, each once: nothing for what came and went, a tombstone for what went'), (t) => {
    const store = createStore()
    const table = store.table('t', { kind: 'cells', cells: 2 })
    for (const key of ['kept', 'changed', 'gone', 'back', 'reborn']) table.setCell(upsert(table, 5, key), 0, 1)
    store.markCommitted()
    t.deepEqual([...store.changes()], [])
    t.is(store.changedBytes, 0)
    for (let i = 0; i < 3; i++) table.setCell(find(table, 5, 'changed'), 1, i)
    table.delete(find(table, 5, 'gone'))
    table.setCell(find(table, 5, 'back'), 0, 2)
    table.setCell(find(table, 5, 'back'), 0, 1)
    table.delete(find(table, 5, 'reborn'))
    table.setCell(upsert(table, 5, 'reborn'), 1, 9)
    table.setCell(upsert(table, 6, 'fleeting'), 0, 1)
    table.delete(find(table, 6, 'fleeting'))
    upsert(table, 6, 'new')
    const changes = [...store.changes()]
    t.is(changes.length, 4)
    t.is(changes.filter(({ value }) => value === null).length, 1)
    const bytes = changes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)
    t.true(store.changedBytes >= bytes && store.changedBytes <= bytes * 2, `${store.changedBytes} is about ${bytes}`)
    t.deepEqual([...store.changes()], changes, 'they can be asked for again')
    store.rollback()
    t.deepEqual([...store.changes()], [])
  })

  test(title('the changelog of all commits gives the same state in another store, whether its tables are opened before or after'), (t) => {
    const store = createStore()
    const cells = store.table('cells', { kind: 'cells', cells: 2 })
    const blobs = store.table('blobs', { kind: 'blob' })
    const log: RowChange[] = []
    for (let commit = 0; commit < 4; commit++) {
      for (let i = commit; i < 20; i += commit + 1) {
        const row = upsert(cells, -i, `c${i}`)
        cells.setCell(row, 0, cells.getCell(row, 0) + i + 0.25)
        cells.setCell(row, 1, -Infinity)
        blobs.setBlob(upsert(blobs, 0, `${i}`.repeat(30)), Buffer.alloc(i * 10, commit))
      }
      if (commit === 2) for (const i of [3, 6, 9]) cells.delete(find(cells, -i, `c${i}`))
      log.push(...store.changes())
      store.markCommitted()
    }
    for (const openFirst of [true, false]) {
      const copy = createStore()
      const open = (): readonly [StateTable, StateTable] => [copy.table('cells', { kind: 'cells', cells: 2 }), copy.table('blobs', { kind: 'blob' })]
      if (openFirst) open()
      restoreRows(copy, log)
      if (!openFirst)
        t.deepEqual(
          new Map(copy.unclaimed()),
          new Map([
            ['cells', cells.size],
            ['blobs', blobs.size],
          ]),
        )
      const [copiedCells, copiedBlobs] = open()
      t.is(copy.unclaimed().size, 0)
      t.deepEqual(contents(copiedCells), contents(cells))
      t.deepEqual(contents(copiedBlobs), contents(blobs))
      t.deepEqual([...copy.changes()], [], 'what was restored is committed')
      copy.rollback()
      t.deepEqual(contents(copiedCells), contents(cells))
    }
  })

  test(title('rows of a table that nobody opens are kept and reported'), (t) => {
    const [store, copy] = [createStore(), createStore()]
    const table = store.table('old name', { kind: 'cells', cells: 1 })
    upsert(table, 0, 'a')
    upsert(table, 0, 'b')
    const rows = [...store.changes()]
    restoreRows(copy, rows)
    restoreRows(copy, [{ key: rows[0]!.key, value: null }])
    t.deepEqual([...copy.unclaimed()], [['old name', 1]])
    t.is(copy.rows, 0)
  })

  test(title('a changelog row that can not be read, or is of another shape, is an error with the code changelog-corrupt'), (t) => {
    const store = createStore()
    upsert(store.table('t', { kind: 'cells', cells: 2 }), 0, 'a')
    const [{ key, value }] = [...store.changes()] as [RowChange & { value: Buffer }]
    const restore = (
      damagedKey: Buffer,
      damagedValue: Buffer | null,
      layout: Parameters<StateStore['table']>[1] = { kind: 'cells', cells: 2 },
    ): (() => void) => {
      return () => {
        const copy = createStore()
        copy.table('t', layout)
        restoreRows(copy, [{ key: damagedKey, value: damagedValue }])
      }
    }
    t.notThrows(restore(key, value))
    const expected = { instanceOf: StreamJobError, code: 'changelog-corrupt' }
    t.throws(restore(Buffer.alloc(0), value), expected)
    t.throws(restore(Buffer.concat([Buffer.from([9]), key.subarray(1)]), value), expected)
    t.throws(restore(key.subarray(0, 6), value), expected)
    t.throws(restore(key, Buffer.alloc(0)), expected)
    t.throws(restore(key, value.subarray(0, value.length - 1)), expected)
    t.throws(restore(key, Buffer.concat([Buffer.from([9]), value.subarray(1)])), expected)
    t.throws(restore(key, value, { kind: 'cells', cells: 3 }), { ...expected, message: /"t" holds 2 cells, the program expects 3 cells/ })
    t.throws(restore(key, value, { kind: 'blob' }), { ...expected, message: /holds 2 cells, the program expects a blob/ })
  })

  test(title('state is not restored over changes'), (t) => {
    const store = createStore()
    upsert(store.table('t', { kind: 'cells', cells: 1 }), 0, 'a')
    const [{ key, value }] = [...store.changes()] as [RowChange]
    t.throws(() => restoreRows(store, [{ key, value }]), { message: /before it is changed/ })
    store.markCommitted()
    t.notThrows(() => restoreRows(store, [{ key, value }]))
  })

  test(title('memory is used again: windows that come and go do not make it grow'), (t) => {
    const store = createStore()
    const table = store.table('t', { kind: 'blob' })
    const round = (namespace: number): number => {
      for (let i = 0; i < 3000; i++)
        table.setBlob(upsert(table, namespace, `a key of more than twenty-four bytes ${i}`), Buffer.alloc(100 + (i % 50)))
      store.markCommitted()
      table.drain(namespace, Infinity, (row) => table.delete(row))
      store.markCommitted()
      return store.memoryBytes
    }
    const settled = [1, 2, 3].map(round).at(-1)
    for (let namespace = 4; namespace < 20; namespace++) t.is(round(namespace), settled!)
    t.is(table.size, 0)
    t.deepEqual(table.namespaces(), [])
  })

  test(title('memory is used again: changes that are rolled back do not make it grow'), (t) => {
    const store = createStore()
    const table = store.table('t', { kind: 'blob' })
    for (let i = 0; i < 2000; i++) table.setBlob(upsert(table, 0, `key-${i}`), Buffer.alloc(100))
    store.markCommitted()
    const round = (): number => {
      for (let i = 0; i < 4000; i++) table.setBlob(upsert(table, 0, `key-${i}`), Buffer.alloc(150 + (i % 50)))
      for (let i = 0; i < 4000; i += 3) table.delete(find(table, 0, `key-${i}`))
      store.rollback()
      return store.memoryBytes
    }
    const settled = [round(), round()].at(-1)
    for (let i = 0; i < 20; i++) t.is(round(), settled!)
    t.is(table.size, 2000)
  })

  stateStoreDrainTests(name, createStore)
  stateStoreModelTests(name, createStore)
}

/** All rows as text, sorted. */
export function contents(table: StateTable): string[] {
  const rows: string[] = []
  for (const namespace of table.namespaces()) {
    table.drain(namespace, Infinity, (row) => {
      const { layout } = table
      const value =
        layout.kind === 'blob'
          ? Buffer.from(table.getBlob(row)).toString('hex')
          : Array.from({ length: layout.cells }, (_, i) => table.getCell(row, i)).join(' ')
      rows.push(`${namespace} ${table.keyOf(row).toString('hex')} ${value}`)
    })
  }
  return rows.sort()
}

function upsert(table: StateTable, namespace: number, key: string): number {
  const bytes = Buffer.from(key)
  return table.upsert(namespace, bytes, 0, bytes.length)
}

function find(table: StateTable, namespace: number, key: string): number {
  const bytes = Buffer.from(key)
  return table.find(namespace, bytes, 0, bytes.length)
}
