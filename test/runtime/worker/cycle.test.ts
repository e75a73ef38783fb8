/** The cycle of a worker, without one around it. */
import test from 'ava'
import { createWorkerMetrics } from '../../../runtime/control/metrics.ts'
import { runCycle } from '../../../runtime/worker/cycle.ts'
import { Producers } from '../../../runtime/worker/commits/producers.ts'
import { TaskSet } from '../../../runtime/worker/tasks/tasks.ts'
import { heapInUse } from '../../support/heap.ts'
import { ScriptedKafka } from '../../support/scripted-kafka.ts'

test('a worker without tasks waits for its group without growing', async (t) => {
  const kafka = new ScriptedKafka()
  const member = kafka.member({ groupId: 'g', instanceId: 'm-0', sessionTimeoutMs: 1, rebalanceTimeoutMs: 1, assign: () => new Map() })
  await member.join(Buffer.from('{}'))
  const heapAfter = async (waits: number): Promise<number> => {
    let waited = 0
    const reason = await runCycle({
      tasks: new TaskSet(kafka.fetcher()),
      producers: new Producers(kafka, 'id', 'ExactlyOnce'),
      member,
      telemetry: createWorkerMetrics().telemetry,
      ordinal: 0,
      epoch: 1,
      commitIntervalMs: 1_000,
      afterLoss: false,
      outputLingerMs: 100,
      clock: () => 0,
      now: () => 0,
      pause: async () => void waited++,
      turn: async () => {},
      interrupted: () => (waited >= waits ? 'enough' : null),
      committing: async () => {},
      committed: () => {},
      endOfInput: () => null,
      ended: () => {},
    })
    t.is(reason, 'enough')
    return heapInUse()
  }
  const before = await heapAfter(1_000)
  t.true((await heapAfter(50_000)) - before < 2_000_000)
})

for (const [what, afterLoss, first] of [
  ['the first commit comes after an interval', false, 1_000],
  ['behind a commit that was lost the first one comes soon, the next after an interval', true, 100],
] as const) {
  test(what, async (t) => {
    const kafka = new ScriptedKafka()
    const member = kafka.member({ groupId: 'g', instanceId: 'm-0', sessionTimeoutMs: 1, rebalanceTimeoutMs: 1, assign: () => new Map() })
    await member.join(Buffer.from('{}'))
    let now = 0
    const commits: number[] = []
    await runCycle({
      tasks: new TaskSet(kafka.fetcher()),
      producers: new Producers(kafka, 'id', 'ExactlyOnce'),
      member,
      telemetry: createWorkerMetrics().telemetry,
      ordinal: 0,
      epoch: 1,
      commitIntervalMs: 1_000,
      afterLoss,
      outputLingerMs: 100,
      clock: () => 0,
      now: () => now,
      pause: async () => void (now += 50),
      turn: async () => {},
      interrupted: () => (commits.length === 2 ? 'enough' : null),
      committing: async () => {},
      committed: async () => void commits.push(now),
      endOfInput: () => null,
      ended: () => {},
    })
    t.deepEqual(commits.slice(0, 2), [first, first + 1_000])
  })
}
