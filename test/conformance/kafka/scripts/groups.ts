/** Scripts of group membership at random: members that start, join, sync, are evicted and replaced, in any order. */
import fc from 'fast-check'
import type { RawGroup, RawMember } from '../client/group.ts'
import type { KafkaUnderTest } from '../client/kafka.ts'
import type { RawProducer } from '../client/producer.ts'
import type { RawTopic } from '../client/topic.ts'

/** `back` counts the lives of an instance from the newest one backwards: 0 is valid, the others were replaced. */
export type GroupStep =
  | { readonly kind: 'start'; readonly instance: number; readonly metadata: number }
  | { readonly kind: 'join'; readonly instance: number; readonly back: number; readonly metadata: number }
  | { readonly kind: 'sync' | 'heartbeat' | 'commit'; readonly instance: number; readonly back: number }
  | { readonly kind: 'evict'; readonly instance: number }

/** What was answered in each step: requests that wait are answered in later ones. */
export type GroupAnswers = readonly (readonly string[])[]

const instances = 3
const instance = fc.nat({ max: instances - 1 })
const back = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) })
const metadata = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) })

export const groupScript: fc.Arbitrary<readonly GroupStep[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('start'), instance, metadata }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('join'), instance, back, metadata }) },
    { weight: 7, arbitrary: fc.record({ kind: fc.constant('sync'), instance, back }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('heartbeat'), instance, back }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit'), instance, back }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('evict'), instance }) },
  ),
  { minLength: 15, maxLength: 50, size: 'max' },
)

/**
 * Every answer in words, without what differs from cluster to cluster. With `expected`, each step waits for as many answers as there were.
 */
export async function playGroups(kafka: KafkaUnderTest, script: readonly GroupStep[], expected?: GroupAnswers): Promise<GroupAnswers> {
  const scene = new Scene(kafka, await kafka.group(), await kafka.topic(), await kafka.producer())
  const answers: (readonly string[])[] = []
  for (const [i, step] of script.entries()) {
    await scene.play(step)
    answers.push(await scene.answers(expected?.[i]?.length))
    if (expected !== undefined && answers[i]!.join() !== expected[i]!.join()) break
  }
  return answers
}

const patience = { sessionTimeoutMs: 600_000, rebalanceTimeoutMs: 600_000 }

interface Life {
  readonly name: string
  readonly member: RawMember
  waiting: boolean
}

class Scene {
  readonly #kafka: KafkaUnderTest
  readonly #group: RawGroup
  readonly #topic: RawTopic
  readonly #producer: RawProducer
  readonly #lives: Life[][] = Array.from({ length: instances }, () => [])
  #leader = ''
  readonly #names = new Map<string, string>()
  /** Told in words at the end of the step: whom an answer names may learn his own id by another one of the same moment. */
  #answers: (() => string)[] = []

  constructor(kafka: KafkaUnderTest, group: RawGroup, topic: RawTopic, producer: RawProducer) {
    this.#kafka = kafka
    this.#group = group
    this.#topic = topic
    this.#producer = producer
  }

  /** Sends what the step says, unless that member waits for an answer. */
  async play(step: GroupStep): Promise<void> {
    if (step.kind === 'evict') {
      // Who leads after the leader has left depends on the member ids, which are drawn.
      if (this.#leader === `w-${step.instance}`) return
      return this.#note(`evict w-${step.instance}`, this.#group.evict({ memberId: '', instanceId: `w-${step.instance}` }))
    }
    const lives = this.#lives[step.instance]!
    if (step.kind === 'start') {
      const member = this.#group.member(`w-${step.instance}`)
      await member.open()
      lives.unshift({ name: `w-${step.instance}/${lives.length}`, member, waiting: false })
      return this.#send(lives[0]!, () => this.#join(lives[0]!, '', step.metadata))
    }
    const life = lives[Math.min(step.back, lives.length - 1)]
    if (life === undefined) return
    const { member } = life
    if (step.kind === 'join') this.#send(life, () => this.#join(life, member.memberId, step.metadata))
    else if (step.kind === 'sync') this.#send(life, () => member.syncShares())
    else if (step.kind === 'heartbeat') this.#send(life, () => member.heartbeat())
    else this.#send(life, () => this.#producer.addAndCommitOffset(member.identity, this.#topic.at(0), 1))
  }

  /** Those that have come since the last step, once there are so many. */
  async answers(count: number | undefined): Promise<readonly string[]> {
    // A request that waits says nothing: others must not overtake it on the way.
    await this.#kafka.target.timing.sleep(20)
    if (count !== undefined) await this.#kafka.until(`${count} answers come`, () => this.#answers.length >= count).catch(() => undefined)
    const answers = this.#answers.map((inWords) => inWords()).toSorted()
    this.#answers = []
    return answers
  }

  #send(life: Life, request: () => Promise<string | (() => string)>): void {
    if (life.waiting) return
    life.waiting = true
    this.#note(
      life.name,
      request().finally(() => (life.waiting = false)),
    )
  }

  #note(name: string, answer: Promise<string | (() => string)>): void {
    answer.then(
      (words) => this.#answers.push(() => `${name}: ${typeof words === 'string' ? words : words()}`),
      // The scene is over.
      () => undefined,
    )
  }

  async #join({ name, member }: Life, memberId: string, about: number): Promise<string | (() => string)> {
    const joined = await member.join({ memberId, metadata: `${about}`, ...patience })
    if (joined.error !== 'NONE') return joined.error
    this.#names.set(joined.memberId, name)
    if (joined.leaderId === joined.memberId) this.#leader = name.replace(/\/.*/, '')
    return () => {
      const nameOf = (id: string): string => this.#names.get(id) ?? 'somebody'
      const members = joined.members.map((found) => `${found.instanceId} ${nameOf(found.memberId)} ${found.metadata}`).toSorted()
      return `generation ${joined.generation}, leader ${nameOf(joined.leaderId)}, members ${members.join()}`
    }
  }
}
