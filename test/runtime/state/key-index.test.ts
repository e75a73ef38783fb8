import test from 'ava'
import fc from 'fast-check'
import { KeyIndex } from '../../../runtime/state/key-index.ts'

/** Rows by hash: an index that is right gives, for every row that was inserted, that row, and none for one that was removed. */
class Model {
  readonly index = new KeyIndex()
  readonly present = new Map<number, number>()

  insert(row: number, hash: number): void {
    this.index.insert(hash, row)
    this.present.set(row, hash)
  }

  remove(row: number): void {
    this.index.remove(this.present.get(row)!, row)
    this.present.delete(row)
  }

  /** The row as the index finds it among all of its hash. */
  find(row: number, hash: number): number {
    return this.index.find(hash, { isAt: (candidate) => candidate === row })
  }
}

/** Hashes that crowd together: at the first home, at the last one, at one in the middle, and anywhere. */
const crowdedHash = fc.oneof(fc.constantFrom(0, -1, -2, 1 << 31, 0x7fff_ffff), fc.integer({ min: -300, max: -1 }), fc.integer())

test('whatever is inserted and removed, however the hashes crowd, every row that is there is found and no other', (t) => {
  const step = fc.record({ hash: crowdedHash, remove: fc.boolean(), which: fc.nat() })
  fc.assert(
    fc.property(fc.array(step, { minLength: 300, maxLength: 3_000, size: 'max' }), (steps) => {
      const model = new Model()
      const removed: [number, number][] = []
      for (const [row, { hash, remove, which }] of steps.entries()) {
        model.insert(row, hash)
        if (!remove) continue
        const [one, ownHash] = [...model.present][which % model.present.size]!
        model.remove(one)
        removed.push([one, ownHash])
      }
      for (const [row, hash] of model.present) t.is(model.find(row, hash), row)
      for (const [row, hash] of removed) t.is(model.find(row, hash), -1)
    }),
    { numRuns: 30 },
  )
})

test('every row is found at every moment of a growth, and those of the last home too', (t) => {
  const model = new Model()
  for (let row = 0; row < 4_000; row++) {
    // Every eighth has the highest hashes there are: they lie behind the last home.
    model.insert(row, row % 8 === 0 ? -1 - row : Math.imul(row, 0x9e37_79b1))
    if (row % 50 !== 0) continue
    for (const [one, hash] of model.present) if (model.find(one, hash) !== one) t.fail(`row ${one} is lost after ${row} insertions`)
  }
  for (const row of model.present.keys()) model.remove(row)
  t.is(model.find(8, -9), -1)
})

test('a row that is not there can not be removed', (t) => {
  const model = new Model()
  model.insert(1, 77)
  t.throws(() => model.index.remove(-77, 1), { message: /row 1 is not in the index/ })
})
