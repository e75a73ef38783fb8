import test from 'ava'
import fc from 'fast-check'
import { findCondition } from '../../../crds/conditions.ts'
import { configMaps, pods, statefulSets } from '../../../operator/kube/resources.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

type Happening =
  | { readonly kind: 'spec'; readonly change: Readonly<Record<string, unknown>> }
  /** The operator ends instead of its n-th write from now. */
  | { readonly kind: 'crash'; readonly after: number }
  | { readonly kind: 'time'; readonly milliseconds: number }
  /** `play`: the cluster does its part; `orphan`: the StatefulSet is deleted without its pods. */
  | { readonly kind: 'visit' | 'play' | 'restart' | 'orphan' }

const programs = ['a', 'b', 'c'].flatMap((field) => ['1', '2'].map((value) => asked(field, value)))
const broken = { program: { steps: [{ nothing: {} }], env: [{ name: 'RATE', value: '3' }] } }
const volumes = [null, { size: '1Gi', storageClassName: 'slow' }, { size: '2Gi', storageClassName: 'slow' }, { size: '1Gi' }].map((volume) => ({
  state: { volume },
}))
const changes = [...programs, broken, ...volumes, { suspend: true }, { suspend: false }, ...[0, 1, 2, 4].map((parallelism) => ({ parallelism }))]

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('spec' as const), change: fc.constantFrom(...changes) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), after: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), milliseconds: fc.nat(90_000) }) },
  { weight: 8, arbitrary: fc.constantFrom({ kind: 'visit' as const }, { kind: 'play' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'restart' as const }, { kind: 'orphan' as const }) },
)

function asked(field: string, rate: string) {
  return { program: { ...program(field), env: [{ name: 'RATE', value: rate }] } }
}

/** The largest of all, so that what was there before shows only when it stays small. */
const lastVolumes = [null, { size: '4Gi', storageClassName: 'slow' }, { size: '4Gi', storageClassName: 'fast' }]

class Ended extends Error {}

async function live(stage: MemoryStage, happenings: readonly Happening[]): Promise<void> {
  const at = { namespace, name }
  let left = Infinity
  const write = (verb = 'kafka'): void => {
    if (!['get', 'list', 'dry-run'].includes(verb) && left-- <= 0) throw new Ended()
  }
  const visit = async (): Promise<void> => {
    stage.api.hook = write
    stage.kafkaHook = () => write()
    const ended = await stage.visit().then(
      () => null,
      (error: unknown) => error,
    )
    stage.api.hook = stage.kafkaHook = () => {}
    if (ended === null) return
    if (!(ended instanceof Ended)) throw ended
    left = Infinity
    stage.restart()
  }
  for (const one of happenings) {
    if (one.kind === 'spec') await stage.patch(one.change)
    else if (one.kind === 'crash') left = one.after
    else if (one.kind === 'time') await stage.clock.advance(one.milliseconds)
    else if (one.kind === 'visit') await visit()
    else if (one.kind === 'play') await stage.play()
    else if (one.kind === 'restart') stage.restart()
    else await stage.api.kube.delete(statefulSets, at)
  }
}

test('whatever is asked for on the way, and wherever the operator ends, a job becomes what its spec says in the end', async (t) => {
  const property = fc.asyncProperty(fc.array(happening, { maxLength: 40 }), fc.constantFrom(...lastVolumes), async (happenings, volume) => {
    const stage = new MemoryStage()
    await stage.create(asked('a', '1'))
    await live(stage, happenings)
    await stage.patch({ ...asked('b', 'last'), parallelism: 3, suspend: false, state: { volume } })
    await stage.settle()
    const { metadata, spec } = (await stage.set()).spec?.template ?? {}
    t.is(spec?.containers[0]?.env?.find((variable) => variable.name === 'RATE')?.value, 'last')
    const files = spec?.volumes?.find((volume) => volume.name === 'job')?.configMap?.name ?? ''
    t.is(files, `${name}-${metadata?.annotations?.['streamjob.dev/restart-hash']}`)
    t.not(await stage.api.kube.find(configMaps, { namespace, name: files }), null)
    t.like(stage.record, { parallelism: 3, mode: 'run' })
    t.is((await stage.api.kube.list(pods, { namespace })).items.length, 3)
    const claims = volume === null ? [] : [0, 1, 2].map((ordinal) => `state-${name}-${ordinal} 4Gi ${volume.storageClassName}`)
    t.deepEqual(await stage.claims(), claims)
    t.like(findCondition((await stage.job()).status?.conditions, 'Ready'), { status: 'True', reason: 'Running' })
    const written = stage.api.writes.length
    await stage.visit()
    t.is(stage.api.writes.length, written)
  })
  await fc.assert(property, { numRuns: 60 })
})
