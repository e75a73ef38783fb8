import test from 'ava'
import { isRead } from '../../../runtime/dev/idle.ts'
import type { WorkerStatus } from '../../../runtime/protocol.ts'

function worker(committed: Readonly<Record<number, string | null>>, state: WorkerStatus['state'] = 'running'): WorkerStatus {
  const tasks = Object.entries(committed).map(([partition, committedOffset]) => ({ topic: 't', partition: Number(partition), committedOffset }))
  // Only what is looked at.
  return { state, tasks } as unknown as WorkerStatus
}

const ends = new Map([
  ['t-0', 5],
  ['t-1', 0],
])

test('all is read when tasks of every partition have committed up to its end', (t) => {
  t.true(isRead([worker({ 0: '5' }), worker({ 1: '0' })], ends))
  t.false(isRead([worker({ 0: '4' }), worker({ 1: '0' })], ends))
})

test('a partition without a task, or whose task has not committed yet, is not read, even when it is empty', (t) => {
  t.false(isRead([worker({ 0: '5' })], ends))
  t.false(isRead([worker({ 0: '5', 1: null })], ends))
  t.false(isRead([], ends))
})

test('while a worker is not at work nothing is known', (t) => {
  t.false(isRead([worker({ 0: '5', 1: '0' }), worker({}, 'joining')], ends))
})
