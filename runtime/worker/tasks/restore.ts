/**
 * Taking over a task: fence who may still write, read the group's offset, then the end of the changelog, restore up to it, compare the two.
 * In this order: an offset that is stable cannot change any more, and what it belongs to lies before that end.
 */
import { StreamJobError } from '../../errors.ts'
import type { KafkaReader } from '../../kafka/client.ts'
import { partitionKey } from '../../kafka/records.ts'
import type { StartFrom } from '../../plan/nodes.ts'
import type { CompiledStage } from '../../transforms/stage.ts'
import type { SnapshotLog } from '../snapshots/snapshot-log.ts'
import type { TaskId } from '../assignment.ts'
import { decodeOffsetMetadata } from '../commits/positions.ts'
import type { PositionRow } from '../commits/positions.ts'
import { TaskImage } from './image.ts'
import type { Changelog, CompileTask } from './image.ts'
import type { Feed } from './outputs.ts'
import { Task } from './task.ts'
import type { CommitPoint } from './task.ts'

/** What a task is restored from and to. */
export interface TakeOver {
  readonly id: TaskId
  readonly input: { readonly topic: string; readonly topicId: string; readonly partition: number }
  readonly changelogTopic: string
  /** Through which its results go to other stages. */
  readonly feeds: readonly Feed[]
  readonly startFrom: StartFrom
  readonly idleTimeoutMs: number
  readonly maxDriftMs: number | null
  /** Which stage of this program keeps the state of a transform, by its name. */
  readonly homes: ReadonlyMap<string, string>
  readonly compile: CompileTask
  /** What is there of the task's state already, to be taken: nobody else works on it any more. Null: nothing. */
  readonly base: () => Promise<TaskImage | null>
}

export interface RestoreEnvironment {
  readonly reader: KafkaReader
  readonly groupId: string
  readonly signal: AbortSignal
  readonly clock: () => number
  readonly turn: () => Promise<void>
  /** Makes sure that no former owner can commit any more. Called once per take-over, before anything is read. */
  readonly fence: (writer: number | null) => Promise<void>
  /** Called when a base turned out to be of no use, with the reason; everything is restored from the changelog then. */
  readonly onUnusable: (reason: string) => void
  /** Called with what the task is made of, before it works; gives what writes its local snapshot. */
  readonly follow: (image: TaskImage) => SnapshotLog | null
}

export async function takeOver(order: TakeOver, environment: RestoreEnvironment): Promise<Task> {
  const { reader, groupId } = environment
  const { topic, partition } = order.input
  await environment.fence(null)
  const offsets = await reader.committedOffsets(groupId, [order.input])
  const group = offsets.get(partitionKey(topic, partition)) ?? { offset: -1, metadata: null }
  const commit = decodeOffsetMetadata(group.metadata)
  if (commit !== null) await environment.fence(commit.writer)
  const range: ChangelogRange = {
    topic: order.changelogTopic,
    partition,
    end: await reader.listOffset(order.changelogTopic, partition, 'highWatermark'),
    start: await reader.listOffset(order.changelogTopic, partition, 'earliest'),
  }
  const found = { offset: group.offset, commit: commit?.commit ?? null }
  try {
    return await restoreFromBest(order, environment, range, found)
  } catch (error) {
    if (!(error instanceof StreamJobError) || error.code !== 'position-mismatch') throw error
    // A commit may have come between the two looks: then somebody else works on the task, and this worker does not know yet that it is not its own any more.
    const now = (await reader.committedOffsets(groupId, [order.input])).get(partitionKey(topic, partition))
    if (now === undefined || (now.offset === group.offset && now.metadata === group.metadata)) throw error
    const where = `Partition ${partition} of ${topic}`
    throw new StreamJobError('membership-lost', `${where} was committed by another worker while it was taken over here.`, { cause: error })
  }
}

interface GroupPosition {
  readonly offset: number
  readonly commit: number | null
}

async function restoreFromBest(order: TakeOver, environment: RestoreEnvironment, range: ChangelogRange, group: GroupPosition): Promise<Task> {
  const base = await usableBase(order, environment, range)
  if (base !== null) {
    try {
      return await restore(base, order, environment, range, group)
    } catch (error) {
      if (environment.signal.aborted || (error instanceof StreamJobError && error.recovery === 'retry')) throw error
      environment.onUnusable(error instanceof Error ? error.message : String(error))
    }
  }
  return restore(new TaskImage(range, order.compile, range.start), order, environment, range, group)
}

interface ChangelogRange extends Changelog {
  readonly start: number
  readonly end: number
}

async function usableBase(order: TakeOver, { onUnusable }: RestoreEnvironment, range: ChangelogRange): Promise<TaskImage | null> {
  const base = await order.base()
  if (base === null) return null
  if (base.next >= range.start && base.next <= range.end) return base
  onUnusable(`it goes up to offset ${base.next} of ${range.topic}-${range.partition}, which holds [${range.start}, ${range.end})`)
  return null
}

/** Brings an image up to date, and makes a task of it if it agrees with the group. */
async function restore(
  image: TaskImage,
  order: TakeOver,
  environment: RestoreEnvironment,
  range: ChangelogRange,
  group: GroupPosition,
): Promise<Task> {
  const { reader } = environment
  const where = `partition ${order.input.partition} of ${order.input.topic}`
  await image.replay(range.end, environment)
  image.store.markCommitted()
  const { position: row, store, stage, output } = image
  const confirmed =
    row === null ? await firstPosition(order, reader, group.offset, range.start, where) : confirmedBy(row, order, group.offset, group.commit, where)
  const state = row?.state ?? {}
  checkState(state, stage, where)
  checkHomes(state, order, where)
  await checkRange(order, reader, confirmed, where)
  stage.restore(confirmed.snapshot)
  const mustCommit = row === null || group.offset === -1
  return new Task({
    ...order,
    store,
    stage,
    state,
    output,
    confirmed,
    mustCommit,
    since: environment.clock(),
    snapshotLog: environment.follow(image),
  })
}

function confirmedBy(row: PositionRow, order: TakeOver, groupOffset: number, groupCommit: number | null, where: string): CommitPoint {
  const input = row.inputs.find((one) => one.topic === order.input.topic && one.partition === order.input.partition)
  const fields = {
    topic: order.input.topic,
    partition: order.input.partition,
    groupOffset,
    groupCommit,
    changelogCommit: row.commit,
    changelogOffset: input?.offset,
  }
  if (input === undefined)
    throw new StreamJobError('position-mismatch', `The changelog of ${where} records positions of other partitions only.`, { fields })
  if (input.topicId !== order.input.topicId) {
    const hint = 'Start the job afresh, or from a savepoint, when the new topic is meant.'
    throw new StreamJobError('topic-replaced', `${order.input.topic} was deleted and made again since ${where} was read. ${hint}`, { fields })
  }
  if (groupOffset !== -1 && (groupCommit !== row.commit || groupOffset !== input.offset)) {
    const both = `the group has offset ${groupOffset} (commit ${groupCommit ?? 'of another program'}), the changelog ${input.offset} (commit ${row.commit})`
    throw new StreamJobError('position-mismatch', `Group offset and changelog of ${where} disagree: ${both}. Was the offset changed by hand?`, {
      fields,
    })
  }
  return { commit: row.commit, offset: input.offset, snapshot: row.snapshot }
}

/**
 * Where a partition that was never read starts; an error when it was read and its position is gone. A changelog keeps its newest position row for ever, so
 * one without a row was never committed to, unless its beginning was deleted.
 */
async function firstPosition(order: TakeOver, reader: KafkaReader, groupOffset: number, changelogStart: number, where: string): Promise<CommitPoint> {
  const { topic, partition } = order.input
  const fields = { topic, partition, groupOffset, changelogTopic: order.changelogTopic, changelogStart }
  if (groupOffset !== -1) {
    const found = `the group has offset ${groupOffset}, the changelog ${order.changelogTopic} has no position`
    throw new StreamJobError('position-mismatch', `The state of ${where} is lost: ${found}. Restore from a savepoint or start afresh.`, { fields })
  }
  if (changelogStart > 0) {
    const found = `neither the group nor the changelog ${order.changelogTopic} knows how far`
    throw new StreamJobError(
      'position-lost',
      `The position of ${where} is lost: it was read before, but ${found}. Restore from a savepoint or start afresh.`,
      { fields },
    )
  }
  const { startFrom } = order
  const at = startFrom.kind === 'earliest' ? 'earliest' : startFrom.kind === 'latest' ? 'highWatermark' : { timestamp: startFrom.timestamp }
  return { commit: 0, offset: await reader.listOffset(topic, partition, at), snapshot: null }
}

/** The shape of a row says little: a sum and a maximum are one cell each, and a window is known by its start alone. */
function checkState(written: NonNullable<PositionRow['state']>, { state }: CompiledStage, where: string): void {
  for (const [uid, expected] of Object.entries(state)) {
    const found = written[uid] ?? expected
    if (found === expected) continue
    const change = `the state of ${JSON.stringify(uid)} is ${found}, the program expects ${expected}`
    throw new StreamJobError('changelog-corrupt', `${where}: ${change}. Give a window that computes something else another name.`, {
      fields: { uid, found, expected },
    })
  }
}

/** What an unnamed keyBy is called follows from its place: state that is found in the stage of another one would be lost, without a word. */
function checkHomes(written: NonNullable<PositionRow['state']>, { id, homes }: TakeOver, where: string): void {
  for (const name of Object.keys(written)) {
    const uid = name.split('/')[0]!
    const home = homes.get(uid) ?? id.stage
    if (home === id.stage) continue
    const change = `the state of ${JSON.stringify(uid)} is kept in stage ${id.stage}, this program has it in stage ${home}`
    const cure = 'Give each keyBy that begins a stage its former name, or that state another one, or start the job afresh.'
    throw new StreamJobError('changelog-corrupt', `${where}: ${change}. ${cure}`, { fields: { uid, found: id.stage, expected: home } })
  }
}

async function checkRange(order: TakeOver, reader: KafkaReader, confirmed: CommitPoint, where: string): Promise<void> {
  const { topic, partition } = order.input
  const [earliest, end] = await Promise.all([reader.listOffset(topic, partition, 'earliest'), reader.listOffset(topic, partition, 'highWatermark')])
  if (confirmed.offset >= earliest && confirmed.offset <= end) return
  const fields = { topic, partition, offset: confirmed.offset, earliest, end }
  const found = `the next offset to read is ${confirmed.offset}, the topic has [${earliest}, ${end})`
  const cause =
    confirmed.offset < earliest ? 'Records were deleted before they were read; check retention.ms.' : 'The topic was truncated or made again.'
  throw new StreamJobError('position-out-of-range', `The position of ${where} is out of range: ${found}. ${cause}`, { fields })
}
