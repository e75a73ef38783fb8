/** The groups of a cluster, and what becomes of them when their coordinator changes. */
import type { CoordinatedState, Coordination } from '../coordination.ts'
import type { Ground } from '../ground.ts'
import type { MarkerToWrite } from '../transactions/markers.ts'
import { Group } from './group.ts'
import { OffsetsLog } from './offsets-log.ts'
import type { Rebalances } from './rebalance.ts'

export class Groups implements CoordinatedState {
  readonly #ground: Ground
  readonly #coordination: Coordination
  readonly #rebalances: Rebalances
  readonly #groups = new Map<string, Group>()
  readonly #logs = new Map<number, OffsetsLog>()

  constructor(ground: Ground, coordination: Coordination, rebalances: Rebalances) {
    this.#ground = ground
    this.#coordination = coordination
    this.#rebalances = rebalances
    coordination.serve(this)
  }

  get all(): readonly Group[] {
    return [...this.#groups.values()]
  }

  find(groupId: string): Group | undefined {
    return this.#groups.get(groupId)
  }

  create(groupId: string): Group {
    const group = new Group(groupId, this.#ground)
    group.write()
    this.#groups.set(groupId, group)
    return group
  }

  delete(groupId: string): void {
    this.#groups.delete(groupId)
  }

  /** The log that offsets of the group are written to. */
  logOf(groupId: string): OffsetsLog {
    return this.#log(this.#coordination.partitionOf(groupId))
  }

  /** The end of a transaction that committed offsets; null while nobody coordinates that partition. */
  readonly writeMarker = (partition: number, marker: MarkerToWrite): number | null => {
    if (!this.#coordination.serves(partition)) return null
    const error = this.#log(partition).appendMarker(marker)
    if (error === 0) for (const group of this.#in(partition)) group.offsets.end(marker.producerId, marker.marker)
    return error
  }

  forgetTopic(topic: string): void {
    for (const { offsets } of this.#groups.values()) offsets.forgetTopic(topic)
  }

  unload(partition: number): void {
    for (const group of this.#in(partition)) {
      this.#rebalances.abandon(group)
      group.reload()
    }
  }

  load(partition: number): void {
    for (const group of this.#in(partition)) for (const member of group.members.values()) this.#rebalances.heard(group, member)
  }

  #in(partition: number): readonly Group[] {
    return this.all.filter(({ groupId }) => this.#coordination.partitionOf(groupId) === partition)
  }

  #log(partition: number): OffsetsLog {
    const known = this.#logs.get(partition)
    if (known !== undefined) return known
    const log = new OffsetsLog()
    this.#logs.set(partition, log)
    return log
  }
}
