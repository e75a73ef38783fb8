import { readFile } from 'node:fs/promises'
import test from 'ava'
import { operationsPage } from '../../../operator/streamjob/operations/page.ts'
import { mayBeReplaced, mayInterrupt, operationTable, stepAfter, stepTable } from '../../../operator/streamjob/operations/table.ts'

test('every step of the table belongs to an operation, and every operation ends', (t) => {
  const used = new Set(Object.values(operationTable).flatMap(({ steps }) => steps))
  t.deepEqual([...used].toSorted(), Object.keys(stepTable).toSorted() as never)
  for (const [kind, { steps }] of Object.entries(operationTable)) {
    t.is(stepAfter(kind as never, steps.at(-1) ?? ''), null)
    t.is(new Set(steps).size, steps.length)
  }
})

test('a step that the operation does not have is refused: another release wrote it', (t) => {
  t.throws(() => stepAfter('Suspend', 'Starting'), { message: /Suspend has no step Starting/ })
})

test('a deletion may interrupt everything else, and nothing interrupts a deletion', (t) => {
  t.true(mayInterrupt('Upgrade', 'Delete'))
  t.false(mayInterrupt('Delete', 'Upgrade'))
  t.false(mayInterrupt('Rescale', 'Upgrade'))
})

test('a start or an upgrade may be replaced until its record is written, and nothing else', (t) => {
  t.true(mayBeReplaced({ kind: 'Upgrade', id: 'upgrade-2', step: 'Recording' }, 'start-1'))
  t.false(mayBeReplaced({ kind: 'Upgrade', id: 'upgrade-2', step: 'Recording' }, 'upgrade-2'))
  t.false(mayBeReplaced({ kind: 'Start', id: 'start-2', step: 'Starting' }, 'start-1'))
  for (const kind of ['Rescale', 'Suspend', 'Delete'] as const) {
    for (const step of operationTable[kind].steps) t.false(mayBeReplaced({ kind, id: 'x', step }, null))
  }
})

test('a new record is written before workers start, and after those that go have stopped', (t) => {
  const before = (kind: 'Start' | 'Upgrade' | 'Rescale' | 'Suspend', first: string, second: string): boolean => {
    const steps: readonly string[] = operationTable[kind].steps
    return steps.indexOf(first) < steps.indexOf(second)
  }
  t.true(before('Start', 'Recording', 'Starting'))
  t.true(before('Upgrade', 'Draining', 'Recording'))
  t.true(before('Rescale', 'Recording', 'Scaling'))
  t.true(before('Rescale', 'Draining', 'Evicting'))
  t.true(before('Suspend', 'Committing', 'Stopping'))
})

test('operator/docs/operations.md is what the table says', async (t) => {
  t.is(await readFile(new URL('../../../operator/docs/operations.md', import.meta.url), 'utf8'), operationsPage())
})
