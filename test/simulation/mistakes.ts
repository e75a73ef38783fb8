/** Mistakes that a runtime for exactly once could make, as changes of our own code. Simulations must find each of them. */

import type { JobSet } from './job-sets.ts'

export interface Change {
  /** Below the checkout. */
  readonly file: string
  /** Occurs in the file exactly once. */
  readonly right: string
  readonly wrong: string
}

export interface Mistake extends Change {
  readonly name: string
  /** What it takes beside. */
  readonly also?: readonly Change[]
  /** Which jobs it does harm to. @default jobs */
  readonly jobs?: JobSet
}

export const mistakes: readonly Mistake[] = [
  {
    name: 'offsets outside of the transaction',
    file: 'runtime/kafka/produce/transactional.ts',
    right: 'const steps = await Promise.allSettled([this.#send(waiting), this.#commitOffsets(offsets, group)])',
    wrong:
      'const steps = await Promise.allSettled([this.#send(waiting).then(() => this.#end(true)).then(() => this.#commitOffsets(offsets, group))])',
  },
  {
    name: 'a transaction without offsets',
    file: 'runtime/worker/commits/commit.ts',
    right: 'for (const task of due) offsets.push(await writeChangelog(task, producer, committer))',
    wrong: `for (const task of due) {
      const written = await writeChangelog(task, producer, committer)
      if (task.confirmed.commit === 0 || written.offset !== task.confirmed.offset) offsets.push(written)
    }`,
  },
  {
    name: 'no require-stable',
    file: 'runtime/testing/broker/groups/coordinator.ts',
    right: `if (group?.offsets.isPending(topic, partition) === true) {`,
    wrong: `if (group?.offsets.isPending(topic, partition) === null) {`,
  },
  {
    name: 'a producer that is used again after a time-out',
    file: 'runtime/kafka/produce/transactional.ts',
    right: 'resendLost = false): Promise<A> {',
    wrong: 'resendLost = true): Promise<A> {',
  },
  {
    name: 'state that is not rolled back',
    file: 'runtime/worker/tasks/task.ts',
    right: 'this.store.rollback()',
    wrong: 'this.store.markCommitted()',
  },
  {
    name: 'a changelog that is read to the last stable offset only',
    file: 'runtime/testing/broker/data/list-offsets.ts',
    right: `offset: offsetOf(found.log, timestamp) }`,
    wrong: `offset: topic.includes('.changelog.') && timestamp === offsetAt.highWatermark ? found.log.lastStableOffset : offsetOf(found.log, timestamp) }`,
  },
  {
    name: 'aborted records that are delivered',
    file: 'runtime/kafka/batch/committed.ts',
    right: `return batch.count > 0 && !(isTransactional(batch) && this.#aborting.has(batch.producerId))`,
    wrong: `return batch.count > 0`,
  },
  {
    name: 'a warm copy of another lineage',
    jobs: 'shuffles',
    file: 'runtime/worker/warm/history.ts',
    right: 'return a.lineage === b.lineage && a.changelogId === b.changelogId && a.codeHash === b.codeHash',
    wrong: 'return a.codeHash === b.codeHash',
  },
  {
    name: 'commits without numbers',
    file: 'runtime/worker/commits/positions.ts',
    right: 'return JSON.stringify({ v: 1, n: commit, w: writer })',
    wrong: 'return JSON.stringify({ v: 1, n: 1, w: writer })',
  },
  {
    name: 'leaving the group on a clean stop',
    file: 'runtime/kafka/group/member.ts',
    right: '  async [Symbol.asyncDispose](): Promise<void> {\n    this.#closing.abort()',
    wrong: `  async [Symbol.asyncDispose](): Promise<void> {
    const { groupId, instanceId, routes } = this.#options
    const node = await routes.coordinator('group', groupId)
    await this.#options.channel.leaveGroup(node, { groupId, members: [{ memberId: this.#memberId, instanceId }] }).catch(() => undefined)
    this.#closing.abort()`,
  },
  {
    name: 'the watermark of one writer only',
    jobs: 'shuffles',
    file: 'runtime/time/combined-watermark.ts',
    right: `if (phase !== 'active') continue`,
    wrong: `if (phase !== 'active' || watermark === -Infinity) continue`,
  },
  {
    name: 'a watermark that is not restored',
    jobs: 'shuffles',
    file: 'runtime/transforms/time/marked-input.ts',
    right: 'this.#combined.restore(snapshot?.combined ?? null)',
    wrong: 'this.#combined.restore(null)',
  },
  {
    name: 'a marker outside of the transaction',
    jobs: 'shuffles',
    file: 'runtime/worker/commits/commit.ts',
    right: 'writeMarkers(due, producer)\n',
    wrong: 'writeMarkers(due, committer.apart)\n  await committer.apart.flush()\n',
    also: [
      {
        file: 'runtime/worker/cycle.ts',
        right: 'producers.transactional, { identity, ordinal, epoch, clock })',
        wrong: 'producers.transactional, { identity, ordinal, epoch, clock, apart: producers.apart })',
      },
      {
        file: 'runtime/worker/commits/producers.ts',
        right: '  get bufferedBytes(): number {',
        wrong: '  get apart() {\n    return (this.markers ??= this.#kafka.outputProducer())\n  }\n\n  get bufferedBytes(): number {',
      },
    ],
  },
  {
    name: 'a promise that is not made again when its commit is lost',
    jobs: 'shuffles',
    file: 'runtime/worker/tasks/task.ts',
    right: '    this.#telling = this.news\n',
    wrong: '    this.#telling = this.news\n    for (const { feed, said } of this.#telling) this.#told.set(feed, said)\n',
  },
  {
    name: 'a promise ahead of the window that is still closing',
    jobs: 'shuffles',
    file: 'runtime/transforms/running/running-stage.ts',
    right: 'last?.timed ? last.window.forwarded : this.watermark',
    wrong: 'last?.timed ? last.window.forwards : this.watermark',
  },
  {
    name: 'idle when merely held up by an open transaction',
    jobs: 'shuffles',
    file: 'runtime/time/activity.ts',
    right: 'if (ends === undefined || position < ends.highWatermark || ends.lastStableOffset < ends.highWatermark) {',
    wrong: 'if (ends === undefined || position < ends.lastStableOffset) {',
  },
  {
    name: 'a watermark that goes back on return from idle',
    jobs: 'shuffles',
    file: 'runtime/time/combined-watermark.ts',
    right: `input.watermark < this.#current ? 'catching-up' : 'active'`,
    wrong: `'active'`,
    also: [
      {
        file: 'runtime/time/combined-watermark.ts',
        right: 'if (!(next > this.#current)) return false',
        wrong: 'if (next === this.#current || next === -Infinity) return false',
      },
    ],
  },
  {
    name: 'a partition that is let go, and not read on',
    jobs: 'drifts',
    file: 'runtime/worker/alignment/alignment.ts',
    right: 'if (ahead !== hold.paused) fetcher',
    wrong: 'if (ahead) fetcher',
  },
]
