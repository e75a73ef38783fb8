import test from 'ava'
import type { KubeClient } from '../../../operator/kube/client.ts'
import { pods, statefulSets } from '../../../operator/kube/resources.ts'
import type { JobKafka } from '../../../operator/kafka/job-kafka.ts'
import { connectJobKafka } from '../../../operator/kafka/connect.ts'
import { Memory } from '../../../operator/streamjob/memory.ts'
import type { World } from '../../../operator/streamjob/visit.ts'
import { streamJobs } from '../../../operator/streamjob/visit.ts'
import { eventually } from '../../support/eventually.ts'
import { is, openStage, type Stage, steps, uniqueName } from './stage.ts'

/** Counts everything that changes something, and ends the operator just after the effect that was named. */
class Crashes {
  effects: string[] = []
  /** Ends it after the n-th effect of this name, counted from 1: lives differ in how often they say that they wait, not in what they do. */
  after: { readonly name: string; readonly nth: number } | null = null
  /** The effect after which the operator ended. */
  crashed: string | null = null

  async effect<T>(name: string, act: () => Promise<T>): Promise<T> {
    const result = await act()
    this.effects.push(name)
    const { after } = this
    if (after === null || after.name !== name || this.effects.filter((one) => one === name).length !== after.nth) return result
    this.after = null
    this.crashed = name
    throw new Crashed(name)
  }
}

class Crashed extends Error {}

const kubeWrites = ['create', 'update', 'updateStatus', 'apply', 'applyStatus', 'patch', 'delete'] as const
const kafkaEffects = ['ensureTopics', 'writeJobRecord', 'evict', 'resolveTransactions', 'deleteGroup', 'deleteTopics'] as const

function crashing<T extends object>(target: T, names: readonly string[], crashes: () => Crashes): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name)
      if (typeof value !== 'function') return value
      // Methods of both interfaces answer promises; the proxy passes them on as they are.
      const bound = (...args: readonly unknown[]): unknown => Reflect.apply(value, object, args)
      if (!names.includes(String(name))) return bound
      return (...args: readonly unknown[]) => crashes().effect(String(name), () => bound(...args) as Promise<unknown>)
    },
  })
}

async function openCrashingStage(crashes: Crashes): Promise<Stage> {
  const connectKafka: World['connectKafka'] = (...args) => crashing<JobKafka>(connectJobKafka(...args), kafkaEffects, () => crashes)
  return openStage({ connectKafka }, (kube: KubeClient) => crashing(kube, kubeWrites, () => crashes))
}

/** Until the job is there, and then until it is gone; a crash is a new operator, which remembers nothing. */
async function live(stage: Stage, name: string, topics: { orders: string; revenue: string }): Promise<string[]> {
  const { kube, namespace } = stage
  await stage.apply(name, { kafka: { brokers: [stage.broker] }, parallelism: 2, program: { steps: steps(topics.orders, topics.revenue) } })
  const running = await stage.until(name, (job) => is(job, 'Ready', 'True') && job.status?.operation === undefined, `${name} to run`)
  const kafka = stage.kafka(`${namespace}.${name}`)
  const set = await kube.get(statefulSets, { namespace, name })
  const record = await kafka.readJobRecord()
  const outcome = [
    `replicas ${set.spec?.replicas}`,
    `pods ${(await kube.list(pods, { namespace })).items.length}`,
    `parallelism ${record?.parallelism} mode ${record?.mode} epoch ${record?.epoch}`,
    `status epoch ${running.status?.epoch} workers ${running.status?.workers}`,
    `topics ${(await kafka.listInternalTopics()).length}`,
  ]
  await kube.delete(streamJobs, { namespace, name })
  await stage.untilGone(name)
  // Brokers forget a deleted topic a moment after they have said so.
  await eventually(async () => (await kafka.listInternalTopics()).length === 0, { what: 'no topic to be left' })
  return outcome
}

test('an operator that crashes after any single write of start and deletion ends in the same place', async (t) => {
  t.timeout(600_000)
  const topics = { orders: uniqueName('orders'), revenue: uniqueName('revenue') }
  const first = new Crashes()
  let expected: string[]
  {
    await using stage = await openCrashingStage(first)
    await stage.createTopic(topics.orders, 2)
    await stage.createTopic(topics.revenue, 2)
    first.effects = []
    expected = await live(stage, 'counts', topics)
  }
  t.log(first.effects.join(' '))
  t.true(first.effects.length > 10)
  // What lies between two effects is only reading: before the next one is the same as after this one.
  const crashed = new Set<string | null>()
  const crashAfter = async (effect: number): Promise<void> => {
    const crashes = new Crashes()
    await using stage = await openCrashingStage(crashes)
    stage.onError = (error) => {
      if (!(error instanceof Crashed)) throw error
      Object.assign(stage.world, { memory: new Memory() })
    }
    crashes.effects = []
    const name = first.effects[effect] ?? ''
    crashes.after = { name, nth: first.effects.slice(0, effect + 1).filter((one) => one === name).length }
    t.deepEqual(await live(stage, 'counts', topics), expected, `crash after effect ${effect}, ${first.effects[effect]}`)
    crashed.add(crashes.crashed)
  }
  // Each life has a namespace, and so an application, of its own. Most of it is waiting for brokers: several at once take little longer than one.
  const points = first.effects.keys()
  const lane = async (): Promise<void> => {
    for (const effect of points) await crashAfter(effect)
  }
  await Promise.all(Array.from({ length: 6 }, lane))
  // The last times of an effect that is repeated while waiting may not be reached; every kind of effect must have been.
  t.deepEqual(
    first.effects.filter((name) => !crashed.has(name)),
    [],
  )
})
