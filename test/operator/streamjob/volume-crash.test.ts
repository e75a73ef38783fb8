import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { pods } from '../../../operator/kube/resources.ts'
import { MemoryStage, namespace, program } from './memory-stage.ts'

const volume = (size: string, storageClassName = 'slow') => ({ state: { volume: { size, storageClassName } } })

/** What is asked of a job that runs with two workers and volumes of 1Gi, one after the other. */
const lives: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  'growing volumes': [volume('2Gi')],
  'growing volumes of a job that loses a worker': [{ ...volume('2Gi'), parallelism: 1 }],
  'giving volumes up': [{ state: { volume: null } }],
  'another kind of volume': [{ state: { volume: null } }, volume('1Gi', 'fast')],
  'suspending, growing and going on': [{ suspend: true }, { ...volume('2Gi'), suspend: false }],
}

/** Lives that life, with the operator ending instead of its n-th write; answers how it ends, and whether the operator did. */
async function live(changes: (typeof lives)[string], crashAt: number) {
  const stage = new MemoryStage()
  await stage.create({ program: program(), parallelism: 2, ...volume('1Gi') })
  await stage.settle()
  let writes = 0
  const write = (): void => {
    if (writes++ === crashAt) throw new Error('ended')
  }
  const restarts = async (): Promise<void> => {
    stage.api.hook = (verb) => void (['get', 'list', 'dry-run'].includes(verb) || write())
    stage.kafkaHook = write
    await stage.visit().catch((error: unknown) => {
      if (!(error instanceof Error) || error.message !== 'ended') throw error
      stage.restart()
    })
    stage.api.hook = stage.kafkaHook = () => {}
    await stage.play()
  }
  for (const change of changes) {
    await stage.patch(change)
    for (let visits = 0; visits < 12; visits++) await restarts()
  }
  await stage.settle()
  const workers = (await stage.api.kube.list(pods, { namespace })).items
  const set = (await stage.set()).spec
  return {
    ended: writes > crashAt,
    end: {
      claims: await stage.claims(),
      made: set?.volumeClaimTemplates?.map(({ spec }) => spec) ?? [],
      workers: workers.map(({ metadata }) => metadata.name),
      replicas: set?.replicas,
      record: { parallelism: stage.record?.parallelism, epoch: stage.record?.epoch },
      ready: findCondition((await stage.job()).status?.conditions, 'Ready')?.reason,
    },
  }
}

for (const [what, changes] of Object.entries(lives)) {
  test(`an operator that ends before any single write of ${what} ends in the same place`, async (t) => {
    const { end } = await live(changes, Infinity)
    t.is(end.ready, 'Running')
    let crashes = 0
    for (; ; crashes++) {
      const crashed = await live(changes, crashes)
      if (!crashed.ended) break
      t.deepEqual(crashed.end, end, `ended instead of write ${crashes}`)
    }
    t.true(crashes >= 4, `${crashes} writes`)
  })
}
