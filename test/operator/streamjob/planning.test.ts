import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { KubeError } from '../../../operator/kube/errors.ts'
import { configMaps, type Pod, pods, type Stored } from '../../../operator/kube/resources.ts'
import { MemoryStage, namespace, program } from './memory-stage.ts'

const inline = { program: { inline: 'export default 1' } }

async function planner(stage: MemoryStage): Promise<Stored<Pod> | undefined> {
  const { items } = await stage.api.kube.list(pods, { namespace, labelSelector: 'streamjob.dev/component=planner' })
  return items[0]
}

async function play(stage: MemoryStage, status: object): Promise<void> {
  const pod = await planner(stage)
  if (pod !== undefined) await stage.api.kube.patch(pods, pod.metadata, { kind: 'merge', body: { status } })
}

/** Visits every half second, as the events of the pod would ask for. */
async function wait(stage: MemoryStage, milliseconds: number, between: () => Promise<void> = async () => {}): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 500) {
    await stage.clock.advance(500)
    await between()
    await stage.visit()
  }
}

const validity = async (stage: MemoryStage) => findCondition((await stage.job()).status?.conditions, 'ProgramValid')

test('a planning pod that ends without an answer is made again after pauses that grow', async (t) => {
  const stage = new MemoryStage()
  await stage.create(inline)
  await stage.visit()
  const made = () => stage.api.writes.filter((write) => write.startsWith('create pods')).length
  const fail = () => play(stage, { phase: 'Failed', message: 'OOMKilled' })
  await wait(stage, 60_000, fail)
  // At 0, 5, 15 and 35 s.
  t.true(made() >= 3 && made() <= 5, `${made()} pods in the first minute`)
  const first = made()
  await wait(stage, 600_000, fail)
  t.true(made() - first <= 5, `${made() - first} pods in the ten minutes after it`)
  t.like(await validity(stage), { status: 'False', reason: 'PlanningFailed', message: 'the planning pod ended without an answer: OOMKilled' })
  await stage.patch({ program: { inline: 'export default 2' } })
  await stage.visit()
  t.not(await planner(stage), undefined, 'another program is planned at once')
})

test('a planning pod that has no node is not asked, and says why it waits', async (t) => {
  const stage = new MemoryStage()
  await stage.create(inline)
  await stage.visit()
  await play(stage, { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }] })
  const { requeueAfterMs = 0 } = await stage.visit()
  t.true(requeueAfterMs >= 2_000)
  t.regex((await validity(stage))?.message ?? '', /is starting: 0\/3 nodes are available/)
  await play(stage, { phase: 'Running', podIP: '10.0.0.9', containerStatuses: [{ name: 'worker', state: { running: { startedAt: now(stage) } } }] })
  t.deepEqual(await stage.visit(), { requeueAfterMs: 500 })
})

test('a planning pod that the API server refuses, for a quota perhaps, is named and asked for again later', async (t) => {
  const stage = new MemoryStage()
  await stage.create(inline)
  let refused = 0
  stage.api.hook = (verb, plural) => {
    if (verb !== 'create' || plural !== 'pods') return
    refused += 1
    throw new KubeError('create pods', { status: 403, reason: 'Forbidden', message: 'exceeded quota: compute' })
  }
  await wait(stage, 60_000)
  t.like(await validity(stage), { status: 'False', reason: 'PlanningFailed' })
  t.regex((await validity(stage))?.message ?? '', /refuses the planning pod: .*exceeded quota/)
  t.true(refused <= 4)
  t.deepEqual((await stage.api.kube.list(configMaps, { namespace })).items, [], 'no files are left behind')
  stage.api.hook = () => {}
  await wait(stage, 60_000)
  t.not(await planner(stage), undefined)
})

for (const [title, bytes, planners] of [
  ['leaves no room for its plan', 1_047_000, 1],
  ['has no room even for planning', 1_048_576, 0],
] as const) {
  test(`a program that ${title} in a ConfigMap is refused before anything is touched for it`, async (t) => {
    const stages = [{ name: 's', sourceTopic: 'a', writers: [], keyField: null, stateful: false, sinks: [{ topic: 'b', create: null }], feeds: [] }]
    const planned = { kind: 'planned' as const, formatVersion: 1 as const, fingerprint: 'f', explain: 'x'.repeat(2_000), stages }
    const stage = new MemoryStage({ pods: { plan: () => Promise.resolve(planned), status: () => Promise.resolve(null) } })
    await stage.create({ program: program() })
    await stage.settle()
    const before = await stage.set()
    stage.effects.length = 0
    stage.api.writes.length = 0
    await stage.api.kube.create(configMaps, { metadata: { namespace, name: 'code' }, data: { 'program.ts': 'x'.repeat(bytes) } })
    await stage.patch({ program: { steps: null, configMap: { name: 'code', key: 'program.ts' } } })
    const running = { name: 'worker', state: { running: { startedAt: now(stage) } } }
    await wait(stage, 1_000, () => play(stage, { phase: 'Running', podIP: '10.0.0.9', containerStatuses: [running] }))
    t.like(await validity(stage), { status: 'False', reason: 'PlanError' })
    t.regex((await validity(stage))?.message ?? '', /take 10\d{5} bytes; .* at most 1048576\. .*spec\.program\.image/)
    t.deepEqual(await stage.set(), before)
    t.deepEqual(stage.effects, [])
    t.is(stage.api.writes.filter((write) => write.startsWith('create pods')).length, planners)
    t.is(await planner(stage), undefined)
  })
}

for (const [title, skewMs] of [
  ['behind', -300_000],
  ['ahead of', 300_000],
] as const) {
  test(`a planning pod has its minute to answer although the clock of its node is ${title} the operator's`, async (t) => {
    const stage = new MemoryStage()
    await stage.create(inline)
    await stage.visit()
    await stage.clock.advance(30_000)
    const startedAt = new Date(stage.clock.now() + skewMs).toISOString()
    await play(stage, { phase: 'Running', podIP: '10.0.0.9', containerStatuses: [{ name: 'worker', state: { running: { startedAt } } }] })
    await wait(stage, 59_000)
    t.like(await validity(stage), { status: 'Unknown', reason: 'Planning' })
    await wait(stage, 3_000)
    t.like(await validity(stage), { status: 'False', reason: 'PlanningTimedOut' })
    t.is(await planner(stage), undefined)
  })
}

const now = (stage: MemoryStage): string => new Date(stage.clock.now()).toISOString()
