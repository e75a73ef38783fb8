/** Sends what a buffer holds: one request at a time to each broker, one batch at a time for each partition, in order. */
import { StreamJobError } from '../../errors.ts'
import type { Compression } from '../batch/codecs.ts'
import { refused, resendOf, wireError } from '../broker-errors.ts'
import { partitionKey } from '../records.ts'
import type { Routes } from '../routes.ts'
import type { Timing } from '../timing.ts'
import type { KafkaChannel, ProducedPartition } from '../transport.ts'
import type { ProduceBuffer } from './buffer.ts'
import type { PartitionBuffer, ProducerStamp } from './partition-buffer.ts'

export interface SenderOptions {
  readonly channel: KafkaChannel
  readonly routes: Routes
  readonly timing: Timing
  readonly compression: Compression
  /** How long a batch is sent again and again while leaders move or brokers do not answer. */
  readonly deliveryTimeoutMs: number
  readonly signal: AbortSignal
}

const requestBytes = 8 * 1024 * 1024
const pauseMs = 50

/**
 * Sends all batches of the given partitions and waits until they are acknowledged. A batch goes out again with the same bytes and sequence when its
 * fate is unknown: the broker takes a repetition for one.
 */
export async function sendAll(
  options: SenderOptions,
  buffer: ProduceBuffer,
  partitions: readonly PartitionBuffer[],
  transactionalId: string | null,
  stamp: ProducerStamp,
): Promise<void> {
  const { routes, timing, signal } = options
  const run: Run = { ...options, buffer, transactionalId, stamp, deadline: timing.now() + options.deliveryTimeoutMs }
  let left = partitions
  for (;;) {
    const byLeader = new Map<number, PartitionBuffer[]>()
    for (const partition of left) {
      const node = await routes.leader(partition.topic, partition.partition)
      const known = byLeader.get(node)
      if (known === undefined) byLeader.set(node, [partition])
      else known.push(partition)
    }
    const outcomes = await Promise.allSettled(Array.from(byLeader, ([node, led]) => sendToLeader(run, node, led)))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure !== undefined) throw failure.reason
    left = left.filter((partition) => !partition.empty)
    if (left.length === 0) return
    await timing.sleep(pauseMs, signal)
    if (signal.aborted) throw new StreamJobError('transaction-lost', 'The producer was closed while records were being sent')
  }
}

interface Run extends SenderOptions {
  readonly buffer: ProduceBuffer
  readonly transactionalId: string | null
  readonly stamp: ProducerStamp
  /** Set back by every success. */
  deadline: number
}

/** Until all is sent, or something has to be tried again after a pause. */
async function sendToLeader(run: Run, node: number, led: readonly PartitionBuffer[]): Promise<void> {
  for (;;) {
    const due = led.filter((partition) => !partition.empty)
    if (due.length === 0) return
    if (!(await sendOnce(run, node, due))) return
  }
}

/** One request. Returns whether to go on at once. */
async function sendOnce(run: Run, node: number, due: readonly PartitionBuffer[]): Promise<boolean> {
  const batches: { topic: string; partition: number; records: Buffer; from: PartitionBuffer }[] = []
  let bytes = 0
  for (const from of due) {
    const records = from.send(run.stamp, run.compression)
    if (batches.length > 0 && bytes + records.length > requestBytes) break
    bytes += records.length
    batches.push({ topic: from.topic, partition: from.partition, records, from })
  }
  const request = { transactionalId: run.transactionalId, timeoutMs: Math.min(30_000, run.deliveryTimeoutMs), partitions: batches }
  let answers: readonly ProducedPartition[]
  try {
    answers = await run.channel.produce(node, request)
  } catch (error) {
    for (const { topic } of batches) run.routes.forgetLeader(topic)
    if (!(error instanceof StreamJobError) || error.recovery !== 'retry' || run.timing.now() >= run.deadline) throw error
    return false
  }
  const byPartition = new Map(answers.map((answer) => [partitionKey(answer.topic, answer.partition), answer]))
  let smooth = true
  for (const { from, records } of batches) {
    const answer = byPartition.get(partitionKey(from.topic, from.partition))
    smooth = settle(run, from, answer ?? noAnswer, records.length) && smooth
  }
  return smooth
}

/** A broker that leaves a partition out does not know it. */
const noAnswer = { error: wireError.unknownTopic, message: null, baseOffset: -1 }

function settle(run: Run, partition: PartitionBuffer, answer: typeof noAnswer | ProducedPartition, size: number): boolean {
  const { error, message, baseOffset } = answer
  if (error === wireError.none) {
    run.buffer.acknowledge(partition, baseOffset)
    run.deadline = run.timing.now() + run.deliveryTimeoutMs
    return true
  }
  if (error === wireError.messageTooLarge && partition.firstCount > 1) {
    run.buffer.split(partition)
    return true
  }
  const resend = resendOf(error)
  if (resend === 'leader') run.routes.forgetLeader(partition.topic)
  if (resend !== undefined && run.timing.now() < run.deadline) return false
  const records = `${partition.firstCount} record${partition.firstCount === 1 ? '' : 's'} of ${size} bytes`
  const doing = `Writing ${records} to ${partition.topic}-${partition.partition}${message === null ? '' : ` (${message})`}`
  throw refused(error, doing, { topic: partition.topic, partition: partition.partition, size })
}
