/** Two workers that tell each other how far they are, with clocks that are moved by hand. */
import test from 'ava'
import { WorkerConfig } from '../../../../runtime/config.ts'
import { JobRecord, names } from '../../../../runtime/protocol.ts'
import { PartitionActivity } from '../../../../runtime/time/activity.ts'
import { alignmentOf } from '../../../../runtime/worker/alignment/alignment.ts'
import type { AlignedTask, Alignment } from '../../../../runtime/worker/alignment/alignment.ts'
import { Hold } from '../../../../runtime/worker/alignment/hold.ts'
import { eventually } from '../../../support/eventually.ts'
import { ScriptedKafka } from '../../../support/scripted-kafka.ts'
import { eventTime, stageOf } from '../../../support/stages.ts'

const applicationId = 'shop'
const sessionTimeoutMs = 10_000
/** Of which nothing is heard for so long is not waited for. */
const patienceMs = sessionTimeoutMs + 15_000
const maxDriftMs = 1_000
const mute = { info() {}, warn() {}, error() {} }

const record = JobRecord.parse({
  formatVersion: 1,
  identity: { uid: 'u', kubernetesCluster: 'k', kafkaCluster: 'c' },
  epoch: 1,
  lineage: 1,
  planFingerprint: 'f',
  codeHash: 'c',
  parallelism: 2,
  stages: [{ name: 'source', sourceTopic: 'input', partitions: 2, changelogId: 'c' }],
  mode: 'run',
  operationId: null,
  restoresDone: [],
})

class Workers {
  readonly kafka = new ScriptedKafka()
  readonly config = WorkerConfig.parse({
    formatVersion: 1,
    applicationId,
    program: { kind: 'module', path: 'p' },
    kafka: { brokers: ['b'] },
    processing: { sessionTimeoutMs },
    errors: {},
  })
  now = 0

  constructor() {
    this.kafka.createTopic('input', 2)
    this.kafka.createTopic(names.alignmentTopic(applicationId), 1)
    for (const partition of [0, 1]) this.kafka.put('input', partition, { key: null, value: {}, timestamp: 0 })
  }

  worker(arriving: () => readonly string[] = () => []): Alignment {
    const { config, kafka } = this
    const [now, clock] = [() => this.now, () => this.now]
    const stage = stageOf([{ ...eventTime('t'), maxDriftMs }])
    const made = alignmentOf({ config, kafka, now, clock, log: mute, stages: [stage], pause: () => Promise.resolve() }, arriving)
    if (made === null) throw new Error('the stage is aligned')
    return made
  }

  /** Waits until so many workers have heard all that was said. */
  async heard(listeners: number): Promise<void> {
    const next = `${names.alignmentTopic(applicationId)}-0@${this.words}`
    await eventually(() => this.kafka.calls.filter(({ name, about }) => name === 'read' && about === next).length === listeners)
  }

  /** How many words were written. */
  get words(): number {
    return this.kafka.log(names.alignmentTopic(applicationId), 0).length
  }
}

function taskAt(partition: number, watermark: number): AlignedTask {
  const id = { stage: 'source', partition }
  const input = { topic: 'input', topicId: 't', partition }
  return {
    name: `source/${partition}`,
    id,
    input,
    position: 0,
    stage: { watermark },
    hold: new Hold(maxDriftMs),
    activity: new PartitionActivity(1_000),
  }
}

test('a worker waits for the partition of another; also while that is restored, and not once nothing is heard of it for long', async (t) => {
  const workers = new Workers()
  const coming: string[] = []
  await using quick = workers.worker()
  await using slow = workers.worker(() => coming)
  const fetcher = workers.kafka.fetcher()
  const ahead = taskAt(0, 5_000)
  const waits = (): boolean => {
    quick.look([ahead])
    quick.apply([ahead], fetcher)
    return ahead.hold?.heldBack?.waitsFor === 'source/1'
  }
  quick.under(record, [ahead])
  t.true(waits(), 'nothing was heard of the other yet')
  await workers.heard(1)
  slow.under(record, [taskAt(1, 4_500)])
  await eventually(() => !waits())
  workers.now += 250
  slow.look([taskAt(1, 3_000)])
  await eventually(waits)

  coming.push('source/1')
  for (let passed = 0; passed < 2 * patienceMs; passed += 5_000) {
    workers.now += 5_000
    const before = workers.words
    slow.look([])
    await eventually(() => workers.words > before)
    await workers.heard(2)
    t.true(waits(), `after ${passed} ms`)
  }

  workers.now += patienceMs - 1
  t.true(waits())
  workers.now += 5_001
  t.false(waits())
  t.false(ahead.hold?.paused)
})

test('words come four times a second at most while something changes, and once a second while nothing does', async (t) => {
  const workers = new Workers()
  await using worker = workers.worker()
  worker.under(record, [])
  const tellsWithin = async (ms: number, watermark: (at: number) => number): Promise<number> => {
    const before = workers.words
    for (let at = 0; at < ms; at += 50) {
      workers.now += 50
      worker.look([taskAt(0, watermark(at))])
      await new Promise(setImmediate)
    }
    return workers.words - before
  }
  t.is(await tellsWithin(2_000, (at) => at), 8)
  t.is(await tellsWithin(4_000, () => 2_000), 4)
})

test('a word of another lineage, or of a version that is not known, is not heard', async (t) => {
  const workers = new Workers()
  await using worker = workers.worker()
  const ahead = taskAt(0, 5_000)
  const fetcher = workers.kafka.fetcher()
  const waitsFor = (): string | undefined => {
    worker.look([ahead])
    worker.apply([ahead], fetcher)
    return ahead.hold?.heldBack?.waitsFor
  }
  worker.under({ ...record, lineage: 2 }, [ahead])
  const say = (value: object): void => workers.kafka.put(names.alignmentTopic(applicationId), 0, { key: null, value, timestamp: 0 })
  const stages = { source: [[1, 5_000]] }
  await workers.heard(1)
  say({ formatVersion: 1, lineage: 2, stages: { source: [[1, 3_000]] } })
  say({ formatVersion: 1, lineage: 1, stages })
  say({ formatVersion: 2, lineage: 2, stages })
  await workers.heard(1)
  t.is(waitsFor(), 'source/1')
  say({ formatVersion: 1, lineage: 2, stages })
  await eventually(() => waitsFor() === undefined)
})
