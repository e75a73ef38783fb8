/** Who coordinates which keys: the partitions of an internal topic, their leaders, and the time that a new leader takes to read its log. */
import { brokerError } from './errors.ts'
import type { Ground } from './ground.ts'
import { drawn } from './ground.ts'
import type { Nodes } from './nodes.ts'

/** What a coordinator does when a partition of its topic changes hands. */
export interface CoordinatedState {
  /** All that was not written to the log is forgotten; who waits for an answer is told to look elsewhere. */
  unload(partition: number): void
  /** Goes on from what the log says. */
  load(partition: number): void
}

interface Seat {
  /** -1: nobody. */
  node: number
  epoch: number
  loading: boolean
}

export class Coordination {
  readonly #ground: Ground
  readonly #nodes: Nodes
  readonly #seats: readonly Seat[]
  #state: CoordinatedState = { unload: () => {}, load: () => {} }
  #turn: number
  /** When the internal topic is there; undefined: nobody has asked for it. */
  #madeAt: number | undefined

  constructor(ground: Ground, nodes: Nodes, partitions: number) {
    this.#ground = ground
    this.#nodes = nodes
    this.#turn = ground.random.below(nodes.ids.length)
    this.#seats = Array.from({ length: partitions }, () => ({ node: this.#next(), epoch: 0, loading: false }))
  }

  /** To be called once, by the coordinator. */
  serve(state: CoordinatedState): void {
    this.#state = state
  }

  /** As Kafka hashes keys, so that the same keys share a coordinator. */
  partitionOf(key: string): number {
    let hash = 0
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
    return (hash & 0x7fff_ffff) % this.#seats.length
  }

  /** -1: nobody. The first who asks lets the internal topic be made. */
  nodeOf(key: string): number {
    const { scheduler, settings } = this.#ground
    this.#madeAt ??= scheduler.now() + settings.internalTopicsMs
    if (scheduler.now() < this.#madeAt) return -1
    return this.#seats[this.partitionOf(key)]!.node
  }

  epoch(partition: number): number {
    return this.#seats[partition]!.epoch
  }

  /** Whether the state of that partition is to be had, wherever. */
  serves(partition: number): boolean {
    const { node, loading } = this.#seats[partition]!
    return !loading && this.#nodes.isRunning(node)
  }

  /** Why the node does not answer for the key. */
  refusal(node: number, key: string): number {
    const seat = this.#seats[this.partitionOf(key)]!
    if (seat.node !== node) return brokerError.notCoordinator
    return seat.loading ? brokerError.coordinatorLoadInProgress : brokerError.none
  }

  /** To that node, or to any other than now. */
  move(key: string, node?: number): void {
    const partition = this.partitionOf(key)
    const others = this.#nodes.running.filter((other) => other !== this.#seats[partition]!.node)
    const target = node ?? (others.length > 0 ? this.#ground.random.pick(others) : this.#seats[partition]!.node)
    this.#seat(partition, target)
  }

  leave(node: number): void {
    for (const [partition, seat] of this.#seats.entries()) if (seat.node === node) this.#seat(partition, this.#next())
  }

  enter(node: number): void {
    for (const [partition, seat] of this.#seats.entries()) if (seat.node === -1 || seat.node === node) this.#seat(partition, node)
  }

  #seat(partition: number, node: number): void {
    const seat = this.#seats[partition]!
    seat.node = node
    seat.loading = true
    const epoch = ++seat.epoch
    this.#state.unload(partition)
    if (node === -1) return
    this.#ground.scheduler.after(drawn(this.#ground, this.#ground.settings.coordinatorLoadMs), () => {
      if (seat.epoch !== epoch) return
      seat.loading = false
      this.#state.load(partition)
    })
  }

  #next(): number {
    const { running } = this.#nodes
    return running[this.#turn++ % running.length] ?? -1
  }
}
