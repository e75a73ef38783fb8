/** Copies over a scripted Kafka: what they follow, who gets them, and what becomes of them when something goes wrong. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { StreamJobError } from '../../../../runtime/errors.ts'
import { JobRecord } from '../../../../runtime/protocol.ts'
import { encodePositionRow, positionRowKey } from '../../../../runtime/worker/commits/positions.ts'
import type { CompileTask } from '../../../../runtime/worker/tasks/image.ts'
import { TaskImage } from '../../../../runtime/worker/tasks/image.ts'
import { WarmCopies } from '../../../../runtime/worker/warm/warm-copies.ts'
import { historyOf } from '../../../../runtime/worker/warm/history.ts'
import { eventually } from '../../../support/eventually.ts'
import { ScriptedKafka } from '../../../support/scripted-kafka.ts'

const changelog = 'changelog'
const record = JobRecord.parse({
  formatVersion: 1,
  identity: { uid: 'u', kubernetesCluster: 'k', kafkaCluster: 'c' },
  epoch: 1,
  lineage: 1,
  planFingerprint: 'p',
  codeHash: 'c',
  parallelism: 2,
  stages: [{ name: 'in', sourceTopic: 'in', partitions: 4, changelogId: 'x' }],
  mode: 'run',
  operationId: null,
  restoresDone: [],
})
// A copy of nothing but positions never runs its stage.
const compile: CompileTask = () => ({ stage: {}, output: {} }) as unknown as ReturnType<CompileTask>

class Run {
  readonly kafka = new ScriptedKafka()
  readonly logged: { readonly message: string; readonly fields: Record<string, unknown> | undefined }[] = []
  begun = 0
  begin: (partition: number) => Promise<TaskImage> = async (partition) => new TaskImage({ topic: changelog, partition }, compile, 0)
  ahead = 0
  readonly copies: WarmCopies

  constructor(t: ExecutionContext) {
    this.kafka.createTopic(changelog, 4)
    this.copies = new WarmCopies({
      kafka: this.kafka,
      log: { warn: (message, fields) => void this.logged.push({ message, fields }) },
      begin: ({ partition }) => {
        this.begun += 1
        return this.begin(partition)
      },
      busy: () => false,
      now: () => performance.now() + this.ahead,
      pause: (milliseconds) => {
        this.ahead += milliseconds
        return new Promise(setImmediate)
      },
      turn: () => new Promise(setImmediate),
    })
    t.teardown(async () => {
      this.kafka.hook = () => {}
      this.kafka.wake()
      await this.copies[Symbol.asyncDispose]()
    })
  }

  /** As the owner's commits would. */
  commit(partition: number, ...numbers: readonly number[]): void {
    for (const commit of numbers) {
      const inputs = [{ topic: 'in', topicId: 'i', partition, offset: commit * 10 }]
      const row = encodePositionRow({ formatVersion: 1, commit, writer: 0, epoch: 1, inputs, snapshot: { maxTimestamp: null, watermarks: {} } })
      this.kafka.put(changelog, partition, { key: positionRowKey.toString(), value: row.toString() })
    }
  }

  keep(...partitions: readonly number[]): void {
    this.copies.keep(
      partitions.map((partition) => ({ stage: 'in', partition, moves: true })),
      [],
      record,
    )
  }

  next(partition: number): string | null {
    return this.copies.statuses.find((one) => one.partition === partition)?.next ?? null
  }
}

const id = (partition: number): { stage: string; partition: number } => ({ stage: 'in', partition })

test('a copy follows its changelog, and whoever claims it gets the state as of the newest commit', async (t) => {
  const run = new Run(t)
  run.commit(1, 1, 2)
  run.keep(1)
  await eventually(() => run.next(1) === '2')
  run.commit(1, 3)
  await eventually(() => run.next(1) === '3')
  t.deepEqual(run.copies.statuses, [{ stage: 'in', partition: 1, next: '3', lag: '0', warm: true }])
  t.deepEqual(run.copies.names, ['in/1'])
  const image = run.copies.claim(id(1), historyOf(record, 'in'))
  t.is(image?.position?.commit, 3)
  t.is(image?.next, 3)
  t.deepEqual(run.copies.statuses, [])
  t.is(run.copies.claim(id(1), historyOf(record, 'in')), null)
})

test('a copy that was claimed is not changed any more', async (t) => {
  const run = new Run(t)
  run.commit(0, 1)
  run.keep(0, 1)
  await eventually(() => run.next(0) === '1' && run.next(1) === '0')
  const image = run.copies.claim(id(0), historyOf(record, 'in'))
  run.commit(0, 2)
  run.commit(1, 1)
  await eventually(() => run.next(1) === '1')
  t.is(image?.next, 1)
})

test('a copy of an empty changelog is warm', async (t) => {
  const run = new Run(t)
  run.keep(2)
  await eventually(() => run.copies.names.length === 1)
  t.is(run.next(2), '0')
})

const others: readonly (readonly [string, Partial<JobRecord>])[] = [
  ['of another lineage', { lineage: 2 }],
  ['of another program', { codeHash: 'd' }],
  ['of a changelog that was made again', { stages: [{ ...record.stages[0]!, changelogId: 'y' }] }],
]
for (const [what, change] of others) {
  test(`a task ${what} does not get the copy, and under such a record there is none any more`, async (t) => {
    const run = new Run(t)
    run.commit(0, 1)
    run.keep(0, 1)
    await eventually(() => run.copies.names.length === 2)
    const next = { ...record, ...change }
    t.is(run.copies.claim(id(0), historyOf(next, 'in')), null)
    run.copies.under(record)
    t.deepEqual(run.copies.names, ['in/1'])
    run.copies.under(next)
    t.deepEqual(run.copies.names, [])
  })
}

test('copies that are not wanted any more are thrown away, the others go on where they are', async (t) => {
  const run = new Run(t)
  run.keep(0, 1)
  await eventually(() => run.copies.names.length === 2)
  run.keep(1, 2)
  await eventually(() => run.copies.names.length === 2)
  t.deepEqual(run.copies.names, ['in/1', 'in/2'])
  t.is(run.begun, 3)
})

test('a copy that has a wrong row is begun again after a pause, and the others hear nothing of it', async (t) => {
  const run = new Run(t)
  run.commit(1, 1)
  run.kafka.put(changelog, 0, { key: positionRowKey.toString(), value: 'no position' })
  run.keep(0, 1)
  await eventually(() => run.begun >= 4)
  await eventually(() => run.next(1) === '1')
  t.deepEqual(run.copies.names, ['in/1'])
  t.true(run.logged.every(({ message, fields }) => message === 'A warm copy is begun again' && fields?.['task'] === 'in/0'))
  run.kafka.log(changelog, 0).length = 0
  await eventually(() => run.copies.names.length === 2)
})

test('a copy whose position is out of range is begun again, and the others go on', async (t) => {
  const run = new Run(t)
  run.keep(0, 1)
  await eventually(() => run.copies.names.length === 2)
  let due = true
  run.kafka.hook = ({ name }) => {
    if (name !== 'fetch' || !due) return
    due = false
    throw new StreamJobError('position-out-of-range', 'gone', { fields: { topic: changelog, partition: 1 } })
  }
  await eventually(() => run.begun === 3)
  await eventually(() => run.copies.names.length === 2)
  t.deepEqual(
    run.logged.map(({ fields }) => [fields?.['task'], fields?.['code']]),
    [['in/1', 'position-out-of-range']],
  )
})

test('while brokers do not answer copies stay as they are', async (t) => {
  const run = new Run(t)
  run.commit(0, 1)
  run.keep(0)
  await eventually(() => run.next(0) === '1')
  let due = 3
  run.kafka.hook = ({ name }) => {
    if (name === 'fetch' && due-- > 0) throw new StreamJobError('kafka-unreachable', 'no answer')
  }
  await eventually(() => due < 0)
  run.commit(0, 2)
  await eventually(() => run.next(0) === '2')
  t.is(run.begun, 1)
  t.is(run.logged.length, 3)
})

test('a copy that can not be begun is tried again', async (t) => {
  const run = new Run(t)
  const { begin } = run
  run.begin = () => Promise.reject(new StreamJobError('topic-missing', 'no changelog'))
  run.keep(0)
  await eventually(() => run.logged.length >= 2)
  t.deepEqual(run.copies.statuses, [{ stage: 'in', partition: 0, next: null, lag: null, warm: false }])
  run.begin = begin
  await eventually(() => run.copies.names.length === 1)
})

test('another round is asked for when all that is to come here is warm or has failed, once', async (t) => {
  const run = new Run(t)
  const { begin } = run
  const held = Promise.withResolvers<TaskImage>()
  run.begin = (partition) => (partition === 1 ? held.promise : begin(partition))
  run.keep(0, 1)
  await eventually(() => run.copies.names.length === 1)
  t.false(run.copies.awaitsMove(new Set()))
  held.reject(new StreamJobError('topic-missing', 'no changelog'))
  await eventually(() => run.copies.awaitsMove(new Set()))
  t.false(run.copies.awaitsMove(new Set(['in/0'])))
})

test('no round is asked for because of standbys', async (t) => {
  const run = new Run(t)
  run.copies.keep([{ stage: 'in', partition: 0, moves: false }], [], record)
  await eventually(() => run.copies.names.length === 1)
  t.false(run.copies.awaitsMove(new Set()))
})
