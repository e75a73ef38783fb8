import test from 'ava'
import { SavepointSpec } from '../../crds/savepoint.ts'
import { StreamJobManifest, StreamJobSpec } from '../../crds/streamjob.ts'
import { KubeError } from '../../operator/kube/errors.ts'
import { installDefinitions, savepoints, streamJobs } from '../support/definitions.ts'
import { testClient, testNamespace } from '../support/kube.ts'
import { corpus, inNamespace } from './corpus.ts'

const client = await testClient()
await installDefinitions(client)
const namespace = await testNamespace(client)
test.after.always(() => client.close())

for (const { name, manifest } of corpus('good')) {
  test(`the API server accepts ${name} and fills in the defaults that zod fills in`, async (t) => {
    const isJob = manifest.kind === 'StreamJob'
    const stored = await client.create(isJob ? streamJobs : savepoints, inNamespace(manifest, namespace))
    t.deepEqual(stored.spec, (isJob ? StreamJobSpec : SavepointSpec).parse(manifest.spec) as unknown)
  })
}

for (const { name, manifest, rejections } of corpus('bad')) {
  test(`the API server refuses ${name} and says which field and why`, async (t) => {
    t.true(rejections.length > 0, 'the file says what it expects')
    const error = await t.throwsAsync(client.create(manifest.kind === 'StreamJob' ? streamJobs : savepoints, inNamespace(manifest, namespace)), {
      instanceOf: KubeError,
    })
    const said = error.causes.filter(({ field }) => field !== '<nil>').map(({ field, message }) => ({ field, message: withoutValue(message) }))
    t.deepEqual(said, rejections)
  })

  test(`zod refuses ${name}, at the same field`, (t) => {
    const result = manifest.kind === 'StreamJob' ? StreamJobManifest.safeParse(manifest) : SavepointSpec.safeParse(manifest.spec)
    const prefix = manifest.kind === 'StreamJob' ? [] : ['spec']
    const fields = result.error?.issues.map(({ path }) => [...prefix, ...path].join('.').replace(/[.](\d+)(?=[.]|$)/g, '[$1]')) ?? []
    const expected = rejections[0]?.field ?? ''
    t.true(fields.includes(expected) || fields.includes(expected.replace(/\[\d+\]$/, '')), `${expected} in ${fields.join(', ')}`)
  })
}

/** `Invalid value: "object": what the rule says` without its head, which holds nothing of ours. */
function withoutValue(message: string): string {
  return message.replace(/^Invalid value: [^:]*: /, '')
}
