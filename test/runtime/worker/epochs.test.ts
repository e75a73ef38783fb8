/** Assignments of an older epoch than the record: who works under them, and who asks again. */
import test from 'ava'
import { isReady } from '../../../runtime/worker/status.ts'
import { eventually } from '../../support/eventually.ts'
import { order, ScriptedWorker } from '../../support/scripted-worker.ts'

test('an assignment that was made for a former process, of an older epoch, is asked for again', async (t) => {
  const run = await ScriptedWorker.prepare(t)
  const [member] = run.kafka.members
  // The process before had joined under an older record when the leader had read the newest one, so it was given nothing.
  const former = Buffer.from(JSON.stringify({ formatVersion: 1, epoch: 1, introduced: 0, tasks: [], members: ['worker-0'] }))
  member!.assignment = () => former
  run.go()
  await eventually(() => run.worker.status().state === 'waiting')
  member!.assignment = null
  await eventually(() => isReady(run.worker.status()) && run.worker.status().tasks.length === 2)
  t.is(member!.joins.length, 2)
})

test('while the leader has not read the newest record, tasks rest with their state, and go on without being restored again', async (t) => {
  const run = await ScriptedWorker.start(t)
  run.kafka.put('in', 0, order('a', 0), order('a', 10), order('a', 1_500))
  run.kafka.put('in', 1, order('b', 0), order('b', 1_500))
  await eventually(() => run.kafka.offsets.get('in-0')?.offset === 3 && run.kafka.offsets.get('in-1')?.offset === 2)
  const results = run.kafka.values('out')
  const [member] = run.kafka.members
  const restores = run.worker.telemetry.restores
  const old = Buffer.from(JSON.stringify({ formatVersion: 1, epoch: 1, tasks: [], members: ['worker-0'] }))
  member!.assignment = () => old
  const joins = member!.joins.length
  await run.order({ planFingerprint: 'another' })
  await eventually(() => run.worker.status().state === 'waiting')
  t.deepEqual(run.worker.status().tasks, [])
  run.kafka.put('in', 0, order('a', 2_500))
  member!.assignment = null
  await eventually(() => isReady(run.worker.status()) && run.kafka.offsets.get('in-0')?.offset === 4)
  t.is(run.worker.telemetry.restores, restores)
  t.deepEqual((member!.joins[joins + 1] as { owned: string[] }).owned.toSorted(), ['in/0', 'in/1'])
  t.deepEqual(run.kafka.values('out'), [...results, { key: 'a', windowStart: 1_000, windowEnd: 2_000, n: 1 }])
})
