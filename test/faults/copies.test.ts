import test from 'ava'
import { compareCopies } from './copies.ts'

const none = { missing: 0, duplicated: 0, unexpected: 0, moved: 0 }
const of = (...values: readonly string[]) => values.map((value) => ({ partition: Number(value[0]), value }))
const given = of('0a', '1a', '0b', '1b', '0c')

test('a copy in the order of each partition is right, however the partitions are interleaved', (t) => {
  t.deepEqual(compareCopies(given, of('1a', '1b', '0a', '0b', '0c')), none)
})

test('what is lost, doubled, invented, out of order or in another partition is counted', (t) => {
  t.deepEqual(compareCopies(given, of('0a', '0c', '1a', '1b')), { ...none, missing: 1 })
  t.deepEqual(compareCopies(given, of('0a', '0b', '0c', '0b', '1a', '1b')), { ...none, duplicated: 1 })
  t.deepEqual(compareCopies(given, of('0a', '0x', '0b', '0c', '1a', '1b')), { ...none, unexpected: 1 })
  t.deepEqual(compareCopies(given, of('0a', '0c', '0b', '1a', '1b')), { ...none, moved: 1 })
  t.deepEqual(compareCopies(given, [...of('0a', '0b', '1a', '1b'), { partition: 1, value: '0c' }]), { ...none, moved: 1 })
})
