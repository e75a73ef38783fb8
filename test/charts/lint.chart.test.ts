import test from 'ava'
import { chart, helm, objectsOf, ofKind, render } from './helm.ts'

test('helm lint finds nothing', async (t) => {
  const { ok, output } = await helm(['lint', '--strict', chart])
  t.true(ok, output)
})

test('the chart is refused by a Kubernetes that is too old', async (t) => {
  const { ok, output } = await helm(['template', 'sj', chart, '--kube-version', '1.28.0'])
  t.false(ok)
  t.regex(output, /requires kubeVersion: >=1\.29/)
})

test('with everything switched on, no two objects are the same', async (t) => {
  const objects = await render({
    replicas: 3,
    watchNamespaces: ['a', 'b', 'a'],
    serviceMonitor: { enabled: true },
    networkPolicy: { enabled: true },
  })
  const ids = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`)
  t.deepEqual(ids, [...new Set(ids)])
  t.is(ofKind(objects, 'ServiceMonitor').length, 2)
})

test('with everything switched off, the Deployment, its Service and the test are left', async (t) => {
  const objects = await render({
    crds: { install: false },
    rbac: { create: false, userRoles: false },
    serviceAccount: { create: false },
    uninstall: { refuseWhileJobsExist: false },
  })
  t.deepEqual(objects.map(({ kind }) => kind).sort(), ['Deployment', 'Pod', 'Service'])
})

test('the longest names of release and chart still give names that Kubernetes takes', async (t) => {
  const { ok, output } = await helm(['template', `a${'b'.repeat(51)}c`, chart, '--set', `nameOverride=${'d'.repeat(40)}`])
  t.true(ok, output)
  const objects = objectsOf(output).filter(({ kind }) => ['Deployment', 'Service', 'Job', 'Pod'].includes(kind))
  t.is(objects.length, 4)
  for (const { kind, metadata } of objects) t.regex(metadata.name, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, kind)
})
