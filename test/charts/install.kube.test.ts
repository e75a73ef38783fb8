import test from 'ava'
import { isForbidden, isNotFound } from '../../operator/kube/errors.ts'
import { namespaces, pods as podResource } from '../../operator/kube/resources.ts'
import { installDefinitions } from '../support/definitions.ts'
import { testClient, testKubeconfig, testNamespace } from '../support/kube.ts'
import { resourceOf } from './cluster.ts'
import { chart, helm, objectsOf, pods, release, template } from './helm.ts'

const client = await testClient()
test.after.always(() => client.close())

const everything = { replicas: 2, networkPolicy: { enabled: true, from: [{ podSelector: {} }], egress: [{}] }, labels: { team: 'data' } }

/** All objects of the chart, in a namespace of this server. */
async function renderFor(namespace: string, values: Readonly<Record<string, unknown>>) {
  const { ok, output } = await template({ watchNamespaces: [namespace], ...everything, ...values }, ['--namespace', namespace])
  if (!ok) throw new Error(output)
  return objectsOf(output)
}

for (const [title, values] of [
  ['for some namespaces', {}],
  ['for all namespaces', { watchNamespaces: [] }],
] as const) {
  test(`the API server accepts every object of the chart ${title}, hooks included`, async (t) => {
    const objects = await renderFor(await testNamespace(client), values)
    t.true(objects.length >= 13)
    for (const object of objects) {
      const accepted = await client.apply(resourceOf(object), object, { force: true, dryRun: true })
      t.is(accepted.metadata.name, object.metadata.name)
    }
  })
}

test('a namespace that enforces the restricted profile admits every pod of the chart', async (t) => {
  const namespace = await testNamespace(client)
  const enforce = { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } }
  await client.patch(namespaces, { name: namespace }, { kind: 'merge', body: enforce })
  const found = pods(await renderFor(namespace, {}))
  t.is(found.size, 3)
  for (const [kind, { metadata, spec }] of found) {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: kind.toLowerCase(), namespace, labels: metadata.labels ?? {} }, spec }
    await t.notThrowsAsync(client.apply(podResource, pod, { dryRun: true }), kind)
    const asRoot = { ...pod, spec: { ...spec, securityContext: { runAsUser: 0 } } }
    const error = await t.throwsAsync(client.apply(podResource, asRoot, { dryRun: true }))
    t.true(isForbidden(error), 'the profile is enforced at all')
  }
})

test('the chart is installed, upgraded and uninstalled; the resource definitions stay, and a new installation takes them over', async (t) => {
  const namespace = await testNamespace(client)
  const run = async (...args: readonly string[]): Promise<string> => {
    const { ok, output } = await helm([...args, '--namespace', namespace, '--kubeconfig', testKubeconfig()])
    t.true(ok, output)
    return output
  }
  // Other tests of this server put the definitions there too: before, not between helm's look and its write.
  await installDefinitions(client)
  const notes = await run('install', release.name, chart, '--take-ownership', '--set', `watchNamespaces={${namespace}}`)
  t.true(notes.includes(`manages the StreamJobs of ${namespace}.`))
  t.true(notes.includes(`rollout status deployment/${release.fullname}`))
  t.true(notes.includes('Delete all StreamJobs before uninstalling; while there are any, `helm uninstall` fails and names them.'))

  const upgraded = await run('upgrade', release.name, chart, '--set', 'replicas=0,uninstall.refuseWhileJobsExist=false')
  t.true(upgraded.includes('manages the StreamJobs of all namespaces.'))
  t.true(upgraded.includes('No operator runs (replicas=0)'))
  t.true(upgraded.includes('Delete all StreamJobs before uninstalling: without an operator nobody finishes their deletion.'))

  const [deployment, definition] = (await renderFor(namespace, {}))
    .filter(({ kind }) => ['Deployment', 'CustomResourceDefinition'].includes(kind))
    .reverse()
  const exists = async (object: NonNullable<typeof deployment>): Promise<boolean> => {
    const { name, namespace } = object.metadata
    return await client.get(resourceOf(object), { name, ...(namespace !== undefined && { namespace }) }).then(
      () => true,
      (error: unknown) => {
        if (isNotFound(error)) return false
        throw error
      },
    )
  }
  t.true(await exists(deployment!))
  const kept = await run('uninstall', release.name, '--no-hooks')
  t.regex(kept, /kept due to the resource policy:[^]*CustomResourceDefinition/)
  t.false(await exists(deployment!))
  t.true(await exists(definition!))
  await run('install', release.name, chart)
  await run('uninstall', release.name, '--no-hooks')
})
