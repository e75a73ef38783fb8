/**
 * The commit: one transaction with outputs, changelog rows, a position row and an offset per task. Every task that the transaction writes for has its
 * offset in it; without that, nothing would fence a worker that lost the task.
 */
import type { GroupIdentity, KafkaReader, OffsetToCommit, TransactionalProducer } from '../../kafka/client.ts'
import type { InputWatermark } from '../../time/combined-watermark.ts'
import { encodeMarker } from '../../time/marker.ts'
import { decodeOffsetMetadata, encodeOffsetMetadata, encodePositionRow, positionRowKey } from './positions.ts'
import type { Task } from '../tasks/task.ts'

export interface Committer {
  readonly identity: GroupIdentity
  readonly ordinal: number
  readonly epoch: number
  /** Epoch ms; the timestamp of the changelog's rows. */
  readonly clock: () => number
}

/** How much of the changelog may wait in the producer before it is sent. Bytes. */
const changelogFlushBytes = 4 * 1024 * 1024

/** Commits all tasks that have something to commit. On error the outcome is open: see `resolveCommit`. */
export async function commitTasks(tasks: readonly Task[], producer: TransactionalProducer, committer: Committer): Promise<number> {
  const dirty = tasks.filter((task) => task.dirty)
  const due = dirty.length === 0 && producer.open ? tasks : dirty
  if (due.length === 0) return 0
  const offsets: OffsetToCommit[] = []
  for (const task of due) offsets.push(await writeChangelog(task, producer, committer))
  writeMarkers(due, producer)
  await producer.commit(offsets, committer.identity)
  for (const task of due) task.confirm(producer.acknowledged(task.changelogTopic, task.input.partition))
  return due.length
}

/** Tells other stages how far those that write for them are, in every partition, behind the records of this transaction. */
function writeMarkers(tasks: readonly Task[], producer: TransactionalProducer): void {
  const told = new Map<string, { readonly partitions: number; readonly said: InputWatermark[] }>()
  for (const { feed, said: one } of tasks.flatMap(({ telling }) => telling)) {
    const { said } = told.get(feed.topic) ?? { said: [] }
    told.set(feed.topic, { partitions: feed.partitions, said: [...said, one] })
  }
  for (const [topic, { partitions, said }] of told) {
    const marker = encodeMarker(said)
    const timestamp = Math.max(0, ...said.map(({ watermark }) => (Number.isFinite(watermark) ? watermark : 0)))
    for (let partition = 0; partition < partitions; partition++)
      producer.append(topic, partition, null, 0, 0, marker, 0, marker.length, timestamp, [])
  }
}

async function writeChangelog(task: Task, producer: TransactionalProducer, committer: Committer): Promise<OffsetToCommit> {
  const { topic, topicId, partition } = task.input
  const { commit, offset, snapshot } = task.prepare()
  const now = committer.clock()
  for (const { key, value } of task.store.changes()) {
    producer.append(task.changelogTopic, partition, key, 0, key.length, value, 0, value?.length ?? 0, now, [])
    task.snapshotLog?.stage(key, value)
    if (producer.bufferedBytes > changelogFlushBytes) await producer.flush()
  }
  const row = encodePositionRow({
    formatVersion: 1,
    commit,
    writer: committer.ordinal,
    epoch: committer.epoch,
    inputs: [{ topic, topicId, partition, offset }],
    state: task.state,
    snapshot: snapshot ?? { maxTimestamp: null, watermarks: {} },
  })
  producer.append(task.changelogTopic, partition, positionRowKey, 0, positionRowKey.length, row, 0, row.length, now, [])
  task.snapshotLog?.seal(row)
  return { topic, partition, offset, metadata: encodeOffsetMetadata(commit, committer.ordinal) }
}

/**
 * After a failed commit, and after the producer was made anew (which ended the transaction one way or the other): asks the group which commit counted and
 * puts every task there. The state of `lost` tasks is worth nothing any more: somebody else has committed them since.
 */
export async function resolveCommit(
  tasks: readonly Task[],
  reader: KafkaReader,
  groupId: string,
  ordinal: number,
): Promise<{ readonly lost: readonly Task[]; readonly rewound: readonly Task[] }> {
  const lost: Task[] = []
  const rewound: Task[] = []
  if (tasks.length === 0) return { lost, rewound }
  const offsets = await reader.committedOffsets(
    groupId,
    tasks.map((task) => task.input),
  )
  for (const task of tasks) {
    const found = offsets.get(`${task.input.topic}-${task.input.partition}`)
    const outcome = outcomeOf(task, found?.offset ?? -1, found?.metadata ?? null, ordinal)
    if (outcome === 'committed') task.confirm(null)
    if (outcome === 'lost') lost.push(task)
    if (outcome === 'unchanged') {
      task.rewind()
      rewound.push(task)
    }
  }
  return { lost, rewound }
}

/** Whether a kept task stands exactly at the group's last commit; if not, somebody else worked on it meanwhile. */
export function outcomeOf(task: Task, offset: number, metadata: string | null, ordinal: number): 'committed' | 'unchanged' | 'lost' {
  const stored = decodeOffsetMetadata(metadata)
  const { pending, confirmed } = task
  if (stored !== null && stored.writer === ordinal && pending !== null && stored.commit === pending.commit && offset === pending.offset)
    return 'committed'
  if (
    stored === null ? (confirmed.commit === 0 || task.mustCommit) && offset === -1 : stored.commit === confirmed.commit && offset === confirmed.offset
  )
    return 'unchanged'
  return 'lost'
}
