import test from 'ava'
import { parseStreamJob } from '../../../crds/streamjob.ts'
import { statefulSets } from '../../../operator/kube/resources.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

const at = { namespace, name }

test('a StatefulSet that was scaled by hand beyond what a job may have is scaled back', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  await stage.api.kube.patch(statefulSets, at, { kind: 'merge', body: { spec: { replicas: 5_000 } } })
  await stage.visit()
  t.is((await stage.set()).spec?.replicas, 1)
  const job = await stage.job()
  t.is(job.status?.operation?.kind, 'Rescale')
  t.notThrows(() => parseStreamJob(job), 'the API server takes this status')
})
