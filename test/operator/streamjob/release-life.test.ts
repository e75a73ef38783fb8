import test from 'ava'
import { configMaps, statefulSets } from '../../../operator/kube/resources.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

test('a job that has settled is left alone', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  const written = stage.api.writes.length
  await stage.visit()
  await stage.clock.advance(400_000)
  await stage.visit()
  t.is(stage.api.writes.length, written)
})

test('a program that was replaced twice and comes back a moment later has its files again', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program('a') })
  for (const field of ['a', 'b', 'c', 'a']) {
    await stage.patch({ program: program(field) })
    await stage.settle()
    await stage.clock.advance(30_000)
  }
  const set = await stage.api.kube.get(statefulSets, { namespace, name })
  const files = set.spec?.template.spec?.volumes?.find((volume) => volume.name === 'job')?.configMap?.name ?? ''
  t.not(await stage.api.kube.find(configMaps, { namespace, name: files }), null)
})
