/** A state store against a Map: any sequence of changes, commits, rollbacks and restarts from the changelog leaves both with the same rows. */
import test from 'ava'
import fc from 'fast-check'
import { restoreRows } from '../support/changelog-rows.ts'
import { RowBuffer, RowIndex } from '../../runtime/state/row-buffer.ts'
import type { RowChange, RowLayout, StateScan, StateStore, StateTable } from '../../runtime/state/store.ts'

const layouts: Readonly<Record<'cells' | 'blob', RowLayout>> = { cells: { kind: 'cells', cells: 2 }, blob: { kind: 'blob' } }
type TableName = keyof typeof layouts

interface RowName {
  readonly table: TableName
  readonly namespace: number
  readonly key: string
}

type Step =
  | ({ readonly kind: 'set'; readonly value: number } & RowName)
  | ({ readonly kind: 'touch' | 'delete' } & RowName)
  | { readonly kind: 'drain'; readonly table: TableName; readonly namespace: number; readonly limit: number }
  | { readonly kind: 'scan'; readonly limit: number }
  | { readonly kind: 'commit' | 'abort' | 'failedCommit' | 'restart' }

const rowName = {
  table: fc.constantFrom<TableName>('cells', 'blob'),
  namespace: fc.constantFrom(0, 60_000, -5),
  key: fc.oneof(
    fc.constantFrom('', 'a', 'b', 'ab', 'exactly-twenty-four-byte', 'a key that is longer than twenty-four bytes'),
    fc.nat({ max: 40 }).map((n) => `key-${n}`),
  ),
}
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      value: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(NaN, -0, 1e300)),
      ...rowName,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('touch' as const), ...rowName }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('delete' as const), ...rowName }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('drain' as const),
      table: rowName.table,
      namespace: rowName.namespace,
      limit: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('scan' as const), limit: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('commit', 'abort', 'failedCommit', 'restart') }) },
)

/** Rows by `table namespace key`, with the number they hold; null: an empty blob. */
type Model = Map<string, number | null>

class Run {
  #store: StateStore
  readonly #createStore: () => StateStore
  readonly #changelog = new Map<string, RowChange>()
  #committed: Model = new Map()
  #present: Model = new Map()
  /** The rows that were written or deleted since the commit, by name. */
  readonly #touched = new Map<string, RowName>()

  /** A scan under way, and what came of it and of the commits since. */
  #scan: { readonly scan: StateScan; readonly copy: StateStore } | null = null

  constructor(createStore: () => StateStore) {
    this.#createStore = createStore
    this.#store = createStore()
  }

  take(next: Step): void {
    if ('key' in next) this.#touched.set(nameOf(next), next)
    switch (next.kind) {
      case 'set': {
        const table = this.#table(next.table)
        const row = table.upsert(next.namespace, Buffer.from(next.key), 0, Buffer.byteLength(next.key))
        expect(table.created === !this.#present.has(nameOf(next)), 'upsert tells whether the row is new')
        write(table, row, next.value)
        this.#present.set(nameOf(next), next.value)
        return
      }
      case 'touch': {
        this.#table(next.table).upsert(next.namespace, Buffer.from(next.key), 0, Buffer.byteLength(next.key))
        if (!this.#present.has(nameOf(next))) this.#present.set(nameOf(next), next.table === 'cells' ? 0 : null)
        return
      }
      case 'delete': {
        const table = this.#table(next.table)
        const row = table.find(next.namespace, Buffer.from(next.key), 0, Buffer.byteLength(next.key))
        expect(row >= 0 === this.#present.delete(nameOf(next)), 'a row is found if and only if it is there')
        if (row >= 0) table.delete(row)
        return
      }
      case 'drain': {
        const table = this.#table(next.table)
        const before = table.rowsIn(next.namespace)
        const visited = table.drain(next.namespace, next.limit, (row) => {
          const key = table.keyOf(row).toString()
          expect(this.#present.delete(nameOf({ ...next, key })), 'drain visits rows that are there')
          this.#touched.set(nameOf({ ...next, key }), { ...next, key })
          table.delete(row)
        })
        expect(visited === Math.min(before, next.limit), 'drain visits as many as it may')
        return
      }
      case 'scan':
        return this.#goOnScanning(next.limit)
      case 'commit':
        return this.#commit()
      case 'abort':
        return this.#rollback()
      case 'failedCommit':
        Array.from(this.#store.changes())
        return this.#rollback()
      case 'restart':
        return this.#restart()
    }
  }

  check(): void {
    const rows = new Map<string, number | null>()
    for (const name of ['cells', 'blob'] as const) {
      const table = this.#table(name)
      const sizes = table.namespaces().map((namespace) => {
        const visited = table.drain(namespace, Infinity, (row) =>
          rows.set(nameOf({ table: name, namespace, key: table.keyOf(row).toString() }), read(table, row)),
        )
        expect(visited > 0 && visited === table.rowsIn(namespace), 'rowsIn counts the rows of a namespace')
        return visited
      })
      expect(sizes.reduce((sum, size) => sum + size, 0) === table.size, 'size counts all rows')
    }
    expect(same(rows, this.#present), 'the store holds the rows of the model')
    this.#checkChangedBytes()
  }

  /** The bytes that a commit would write; besides, what a value has in front of itself, and rows that are again as they were, in full. */
  #checkChangedBytes(): void {
    const changes = [...this.#store.changes()]
    const written = changes.reduce((sum, { key, value }) => sum + key.length + (value === null ? 0 : value.length - valueHead), 0)
    let most = 0
    for (const [name, row] of this.#touched) {
      if (this.#present.has(name) || this.#committed.has(name))
        most += keyHead + Buffer.byteLength(row.key) + sizeOf(row.table, this.#present.get(name))
    }
    const { changedBytes } = this.#store
    expect(changedBytes >= written, `${changedBytes} changed bytes are at least ${written}`)
    expect(changedBytes <= most, `${changedBytes} changed bytes are at most ${most}`)
  }

  #commit(): void {
    const changes = [...this.#store.changes()]
    const names = [...new Set([...this.#present.keys(), ...this.#committed.keys()])]
    const differing = names.filter(
      (name) => !this.#present.has(name) || !this.#committed.has(name) || !Object.is(this.#present.get(name), this.#committed.get(name)),
    )
    expect(changes.length === differing.length, 'a commit writes the rows that differ, each once')
    expect(
      changes.filter(({ value }) => value === null).length === differing.filter((name) => !this.#present.has(name)).length,
      'tombstones are for rows that are gone',
    )
    if (this.#scan !== null) restoreRows(this.#scan.copy, changes)
    for (const change of changes) this.#changelog.set(change.key.toString('latin1'), change)
    this.#store.markCommitted()
    this.#committed = new Map(this.#present)
    this.#touched.clear()
  }

  /** When it is through, what it gave and the commits since make up the committed rows. */
  #goOnScanning(limit: number): void {
    this.#commit()
    if (this.#scan === null) {
      for (const name of ['cells', 'blob'] as const) this.#table(name)
      this.#scan = { scan: this.#store.scan(), copy: this.#createStore() }
      for (const name of ['cells', 'blob'] as const) this.#scan.copy.table(name, layouts[name])
    }
    const { scan, copy } = this.#scan
    const rows = new RowBuffer()
    const more = scan.next(limit, rows)
    const index = new RowIndex(limit)
    const bytes = Buffer.concat(rows.parts())
    expect(index.take(bytes, 0, bytes.length) === bytes.length && index.count === rows.rows, 'rows stand one behind the other')
    const { keyStart, keyEnd, valueStart, valueEnd } = index
    copy.restore({ bytes, keyStart, keyEnd, valueStart, valueEnd }, 0, index.count)
    if (more) return
    this.#scan = null
    const copied = new Map<string, number | null>()
    for (const name of ['cells', 'blob'] as const) {
      const table = copy.table(name, layouts[name])
      for (const namespace of table.namespaces()) {
        table.drain(namespace, Infinity, (row) => copied.set(nameOf({ table: name, namespace, key: table.keyOf(row).toString() }), read(table, row)))
      }
    }
    expect(same(copied, this.#committed), 'a scan and the commits since give the committed rows')
  }

  #rollback(): void {
    this.#store.rollback()
    this.#present = new Map(this.#committed)
    this.#touched.clear()
  }

  /** A new store from the compacted changelog, tombstones included. */
  #restart(): void {
    this.#scan = null
    this.#store = this.#createStore()
    this.#table('cells')
    restoreRows(this.#store, this.#changelog.values())
    this.#present = new Map(this.#committed)
    this.#touched.clear()
  }

  #table(name: TableName): StateTable {
    return this.#store.table(name, layouts[name])
  }
}

function nameOf({ table, namespace, key }: RowName): string {
  return `${table} ${namespace} ${key}`
}

/** Blobs have a length that depends on the value, so that blocks of many sizes are used. */
function write(table: StateTable, row: number, value: number): void {
  if (table.layout.kind === 'cells') {
    table.setCell(row, 0, value)
    table.setCell(row, 1, value)
  } else table.setBlob(row, Buffer.concat([Buffer.from(Float64Array.of(value).buffer), Buffer.alloc(sizeOf('blob', value) - 8, 1)]))
}

/** Bytes of the present value; undefined: the row is gone. */
function sizeOf(table: TableName, value: number | null | undefined): number {
  if (value === undefined) return 0
  if (table === 'cells') return 16
  return value === null ? 0 : 8 + (value >= 0 && value <= 300 ? value : 0)
}

/** What a changelog row has besides the key's and the value's own bytes, at most. */
const keyHead = 24
const valueHead = 2

function read(table: StateTable, row: number): number | null {
  if (table.layout.kind === 'cells') {
    const value = table.getCell(row, 0)
    expect(Object.is(value, table.getCell(row, 1)), 'the cells of a row change together')
    return value
  }
  const blob = Buffer.from(table.getBlob(row))
  return blob.length === 0 ? null : blob.readDoubleLE(0)
}

function same(rows: Model, model: Model): boolean {
  if (rows.size !== model.size) return false
  return [...model].every(([name, value]) => rows.has(name) && Object.is(rows.get(name), value))
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`)
}

export function stateStoreModelTests(name: string, createStore: () => StateStore): void {
  test(`${name}: any sequence of changes, commits, rollbacks and restarts leaves the rows that a map would hold`, (t) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        const run = new Run(createStore)
        for (const next of steps) {
          run.take(next)
          run.check()
        }
      }),
      { numRuns: 250 },
    )
    t.pass()
  })

  test(`${name}: tables of many thousand rows stay right while they grow, shrink and are undone`, (t) => {
    const run = new Run(createStore)
    const names = fc.sample(fc.record({ ...rowName, key: fc.nat({ max: 30_000 }).map((n) => `customer-${n}`) }), { numRuns: 30_000, seed: 42 })
    names.forEach((row, i) => {
      run.take({ kind: i % 5 === 4 ? 'delete' : 'set', value: i, ...row })
      if (i % 4000 === 3999) run.take({ kind: (['commit', 'abort', 'restart', 'failedCommit'] as const)[Math.floor(i / 4000) % 4]! })
    })
    run.check()
    run.take({ kind: 'restart' })
    run.check()
    t.pass()
  })
}
