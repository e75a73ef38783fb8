/** Tasks that are restored beside the cycle: those that the worker has go on, and what arrives is collected between two cycles. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { StreamJobError } from '../../../../runtime/errors.ts'
import { names } from '../../../../runtime/protocol.ts'
import { isReady } from '../../../../runtime/worker/status.ts'
import { eventually } from '../../../support/eventually.ts'
import { app, order, ScriptedWorker } from '../../../support/scripted-worker.ts'

const changelog = names.changelogTopic(app, 1, 'in')

/** A worker of which partition 1 has a changelog that can not be read until the gate opens. */
async function withSlowRestore(t: ExecutionContext): Promise<{ readonly run: ScriptedWorker; readonly open: () => void }> {
  const run = await ScriptedWorker.prepare(t)
  const { id } = (await run.kafka.reader.describeTopics(['in'])).get('in')!
  const inputs = [{ topic: 'in', topicId: id, partition: 1, offset: 0 }]
  const snapshot = { maxTimestamp: null, watermarks: {} }
  run.kafka.put(changelog, 1, { key: '\u0000position', value: { formatVersion: 1, writer: 0, epoch: 1, commit: 7, inputs, snapshot } })
  const gate = Promise.withResolvers<void>()
  run.kafka.hook = ({ name, about }) => (name === 'read' && about.startsWith(`${changelog}-1@`) ? gate.promise : undefined)
  return { run, open: gate.resolve }
}

const committed = (run: ScriptedWorker, partition: number, offset: number): Promise<unknown> =>
  eventually(() => run.kafka.offsets.get(`in-${partition}`)?.offset === offset)

test('tasks that are here work and commit while another one is restored; it joins them when it has arrived', async (t) => {
  const { run, open } = await withSlowRestore(t)
  run.go()
  run.kafka.put('in', 0, order('a', 0), order('a', 1_500))
  run.kafka.put('in', 1, order('b', 0), order('b', 1_500))
  await committed(run, 0, 2)
  run.kafka.put('in', 0, order('a', 2_500))
  await committed(run, 0, 3)
  t.false(run.kafka.offsets.has('in-1'))
  t.deepEqual([run.worker.status().state, run.worker.status().reason], ['restoring', 'working on 1 task(s), restoring 1'])
  t.false(isReady(run.worker.status()))
  open()
  await committed(run, 1, 2)
  await eventually(() => isReady(run.worker.status()))
  t.deepEqual(
    run.kafka.values('out').map((value) => (value as { key: string; windowStart: number }).key),
    ['a', 'a', 'b'],
  )
  t.is(run.worker.telemetry.restores, 2)
})

test('a rebalance does not disturb a restore whose task stays, and the group is told that it is held', async (t) => {
  const { run, open } = await withSlowRestore(t)
  run.go()
  run.kafka.put('in', 0, order('a', 0))
  await committed(run, 0, 1)
  const [member] = run.kafka.members
  const joins = member!.joins.length
  member!.turn('rebalancing')
  await eventually(() => member!.joins.length === joins + 1)
  t.deepEqual((member!.joins.at(-1) as { owned: string[] }).owned.toSorted(), ['in/0', 'in/1'])
  run.kafka.put('in', 0, order('a', 10))
  await committed(run, 0, 2)
  open()
  run.kafka.put('in', 1, order('b', 0))
  await committed(run, 1, 1)
  t.is(run.kafka.calls.filter(({ name, about }) => name === 'read' && about === `${changelog}-1@0`).length, 1)
})

test('a restore during which the job record changes ends well', async (t) => {
  const { run, open } = await withSlowRestore(t)
  run.go()
  await eventually(() => run.worker.status().reason === 'working on 1 task(s), restoring 1')
  await run.order({ planFingerprint: 'another' })
  open()
  run.kafka.put('in', 1, order('b', 0))
  await eventually(() => isReady(run.worker.status()) && run.worker.status().epoch === 2)
  await committed(run, 1, 1)
  t.is(run.worker.status().tasks.find(({ partition }) => partition === 1)?.commitNumber, '8')
})

test('what arrives while the assignment is of an older epoch waits for the next one', async (t) => {
  const { run, open } = await withSlowRestore(t)
  run.go()
  await eventually(() => run.worker.status().reason === 'working on 1 task(s), restoring 1')
  const [member] = run.kafka.members
  const old = Buffer.from(JSON.stringify({ formatVersion: 1, epoch: 1, tasks: [], members: ['worker-0'] }))
  member!.assignment = () => old
  await run.order({ planFingerprint: 'another' })
  await eventually(() => run.worker.status().state === 'waiting')
  const cycles = (): number => run.logged.filter(({ message }) => message === 'Cycle ended').length
  const before = cycles()
  open()
  await eventually(() => run.logged.some(({ message }) => message === 'Tasks taken over'))
  run.kafka.put('in', 1, order('b', 0))
  await eventually(() => run.count('join') > 5)
  t.true(cycles() < before + 10)
  member!.assignment = null
  await committed(run, 1, 1)
})

test('a restore that fails again and again is tried after longer and longer pauses, and the other tasks go on', async (t) => {
  const { run } = await withSlowRestore(t)
  let failing = true
  run.kafka.hook = ({ name, about }) => {
    if (failing && name === 'read' && about.startsWith(`${changelog}-1@`)) throw new StreamJobError('kafka-retriable', 'NOT_LEADER_OR_FOLLOWER')
  }
  run.go()
  run.kafka.put('in', 0, order('a', 0))
  const grown = [250, 500, 1_000, 2_000]
  await eventually(() => grown.every((milliseconds) => run.pauses.includes(milliseconds)))
  await committed(run, 0, 1)
  t.deepEqual(run.worker.status().error, { code: 'kafka-retriable', message: 'NOT_LEADER_OR_FOLLOWER' })
  failing = false
  run.kafka.put('in', 1, order('b', 0))
  await committed(run, 1, 1)
  await eventually(() => isReady(run.worker.status()))
})
