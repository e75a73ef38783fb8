/**
 * Taking over a task: fence who may still write, read the group's offset, then the end of the changelog, restore up to it, compare the two.
 * In this order: an offset that is stable cannot change any more, and what it belongs to lies before that end.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { StreamJobError } from '../../errors.ts'
import type { KafkaReader } from '../../kafka/client.ts'
import { partitionKey } from '../../kafka/records.ts'
import type { RecordBlock } from '../../kafka/records.ts'
import type { StartFrom } from '../../plan/nodes.ts'
import { createStateStore } from '../../state/table-store.ts'
import type { StateStore } from '../../state/store.ts'
import type { CompiledStage } from '../../transforms/stage.ts'
import type { TaskId } from '../assignment.ts'
import type { TaskOutput } from './outputs.ts'
import { decodeOffsetMetadata, decodePositionRow, positionRowKey } from '../commits/positions.ts'
import type { PositionRow } from '../commits/positions.ts'
import { Task } from './task.ts'
import type { CommitPoint } from './task.ts'

/** What a task is restored from and to. */
export interface TakeOver {
  readonly id: TaskId
  readonly input: { readonly topic: string; readonly topicId: string; readonly partition: number }
  readonly changelogTopic: string
  readonly startFrom: StartFrom
  /** Builds the closures of the stage over a store. */
  readonly compile: (store: StateStore) => { readonly stage: CompiledStage; readonly output: TaskOutput }
}

export interface RestoreEnvironment {
  readonly reader: KafkaReader
  readonly groupId: string
  readonly signal: AbortSignal
  readonly clock: () => number
  /** Makes sure that no former owner can commit any more. Called once per take-over, before anything is read. */
  readonly fence: (writer: number | null) => Promise<void>
}

export async function takeOver(order: TakeOver, environment: RestoreEnvironment): Promise<Task> {
  const { reader, groupId, signal } = environment
  const { topic, partition } = order.input
  const where = `partition ${partition} of ${topic}`
  await environment.fence(null)
  const offsets = await reader.committedOffsets(groupId, [order.input])
  const group = offsets.get(partitionKey(topic, partition)) ?? { offset: -1, metadata: null }
  const stored = decodeOffsetMetadata(group.metadata)
  if (stored !== null) await environment.fence(stored.writer)

  const store = createStateStore()
  const { stage, output } = order.compile(store)
  const end = await reader.listOffset(order.changelogTopic, partition, 'highWatermark')
  const start = await reader.listOffset(order.changelogTopic, partition, 'earliest')
  const row = await restoreChangelog(order, store, reader, start, end, signal)
  store.markCommitted()

  const confirmed =
    row === null
      ? await firstPosition(order, reader, group.offset, start, where)
      : confirmedBy(row, order, group.offset, stored?.commit ?? null, where)
  const state = row?.state ?? {}
  checkState(state, stage, where)
  await checkRange(order, reader, confirmed, where)
  stage.restore(confirmed.snapshot)
  const mustCommit = row === null || group.offset === -1
  return new Task({ ...order, store, stage, state, output, confirmed, mustCommit, since: environment.clock() })
}

/** Applies every committed row of [start, end); the newest position row, or null. Throws when it is interrupted: half a state is none. */
async function restoreChangelog(
  order: TakeOver,
  store: StateStore,
  reader: KafkaReader,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<PositionRow | null> {
  let position: PositionRow | null = null
  let reached = start
  for await (const block of reader.readRange(order.changelogTopic, order.input.partition, start, end, signal)) {
    for (let i = 0; i < block.count; i++) position = restoreRecord(block, i, store) ?? position
    reached = block.nextOffset
    // A long changelog must not keep heartbeats and probes waiting.
    await yieldToEventLoop()
  }
  if (reached < end) {
    const where = `${order.changelogTopic}, partition ${order.input.partition}`
    throw new StreamJobError('kafka-retriable', `Restoring from ${where} ended at offset ${reached}, before the end ${end}.`)
  }
  return position
}

function restoreRecord(block: RecordBlock, i: number, store: StateStore): PositionRow | null {
  const keyStart = block.keyStart[i] ?? -1
  const valueStart = block.valueStart[i] ?? -1
  const where = `${block.topic}, partition ${block.partition}, offset ${block.offsets[i]}`
  if (keyStart < 0) throw new StreamJobError('changelog-corrupt', `The record in ${where} has no key; something else wrote to the changelog.`)
  const key = block.bytes.subarray(keyStart, block.keyEnd[i])
  const value = valueStart < 0 ? null : block.bytes.subarray(valueStart, block.valueEnd[i])
  if (positionRowKey.equals(key)) return value === null ? null : decodePositionRow(value, where)
  store.restore(key, value)
  return null
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
