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
      outputLingerMs: 100,
      clock: () => 0,
      now: () => 0,
      pause: async () => void waited++,
      turn: async () => {},
      interrupted: () => (waited >= waits ? 'enough' : null),
      committing: async () => {},
      committed: () => {},
      endOfInput: () => null,
    })
    t.is(reason, 'enough')
    return heapInUse()
  }
  const before = await heapAfter(1_000)
  t.true((await heapAfter(50_000)) - before < 2_000_000)
})
