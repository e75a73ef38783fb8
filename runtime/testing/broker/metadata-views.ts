/** What each broker knows of topics and leaders: the controller's word reaches each in its own time. */
import type { Ground } from './ground.ts'
import { drawn } from './ground.ts'
import type { Nodes } from './nodes.ts'
import type { Partition, Topics } from './topics.ts'

/** A topic as one broker has heard of it last. */
export interface KnownTopic {
  readonly name: string
  /** 32 hex digits. */
  readonly id: string
  /** By partition; -1: none. */
  readonly leaders: readonly number[]
}

interface View {
  readonly byName: Map<string, KnownTopic>
  readonly byId: Map<string, KnownTopic>
  /** News arrives in order: when the last of it does. */
  arrivesAt: number
}

export class MetadataViews {
  readonly #ground: Ground
  readonly #topics: Topics
  readonly #views: ReadonlyMap<number, View>

  constructor(ground: Ground, nodes: Nodes, topics: Topics) {
    this.#ground = ground
    this.#topics = topics
    this.#views = new Map(nodes.ids.map((node) => [node, { byName: new Map(), byId: new Map(), arrivesAt: 0 }]))
    topics.onChange = (name) => this.#publish(name)
  }

  named(node: number, name: string): KnownTopic | undefined {
    return this.#views.get(node)?.byName.get(name)
  }

  withId(node: number, id: string): KnownTopic | undefined {
    return this.#views.get(node)?.byId.get(id)
  }

  /** Undefined also for one that the broker still knows, and that is gone. */
  partition(node: number, name: string, partition: number): Partition | undefined {
    const known = this.named(node, name)
    return known === undefined || partition >= known.leaders.length ? undefined : this.#topics.withId(known.id)?.partitions[partition]
  }

  /** Whether the broker leads the partition, and knows it. */
  leads(node: number, { topic, partition, leader }: Partition): boolean {
    return leader === node && this.named(node, topic)?.leaders[partition] === node
  }

  #publish(name: string): void {
    const topic = this.#topics.named(name)
    const news = topic === undefined ? null : { name, id: topic.id, leaders: topic.partitions.map(({ leader }) => leader) }
    for (const view of this.#views.values()) this.#tell(view, name, news)
  }

  #tell(view: View, name: string, news: KnownTopic | null): void {
    const { scheduler, settings } = this.#ground
    const now = scheduler.now()
    view.arrivesAt = Math.max(view.arrivesAt, now + drawn(this.#ground, settings.metadataLagMs))
    const learn = (): void => {
      view.byId.delete(view.byName.get(name)?.id ?? '')
      view.byName.delete(name)
      if (news === null) return
      view.byName.set(name, news)
      view.byId.set(news.id, news)
      // Who waits for records of a partition may now be told who leads it.
      for (const partition of this.#topics.withId(news.id)?.partitions ?? []) partition.changed()
    }
    if (view.arrivesAt > now) scheduler.after(view.arrivesAt - now, learn)
    else learn()
  }
}
