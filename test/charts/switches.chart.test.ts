import test from 'ava'
import { customResourceDefinitions } from '../../crds/crd.ts'
import { labels } from '../../crds/names.ts'
import { ofKind, only, release, type Rendered, render } from './helm.ts'

const plain = await render()

test('the resource definitions are those of crds/, kept on uninstall', (t) => {
  const rendered = ofKind(plain, 'CustomResourceDefinition')
  const expected = customResourceDefinitions().map((definition) => ({
    ...definition,
    metadata: { ...definition.metadata, annotations: { 'helm.sh/resource-policy': 'keep' } },
  }))
  const byName = (a: { metadata: { name: string } }, b: { metadata: { name: string } }): number => a.metadata.name.localeCompare(b.metadata.name)
  t.deepEqual(rendered.toSorted(byName) as unknown, JSON.parse(JSON.stringify(expected.toSorted(byName))) as unknown)
})

test('crds.install=false leaves the definitions out', async (t) => {
  t.is(ofKind(await render({ crds: { install: false } }), 'CustomResourceDefinition').length, 0)
})

test('uninstall.refuseWhileJobsExist=false leaves the check out', async (t) => {
  t.is(ofKind(plain, 'Job').length, 1)
  t.is(ofKind(await render({ uninstall: { refuseWhileJobsExist: false } }), 'Job').length, 0)
})

test('helm test asks the Service for readiness', async (t) => {
  const pod = only(await render({ service: { port: 9_000 } }), 'Pod')
  t.like(pod.metadata.annotations, { 'helm.sh/hook': 'test' })
  const { containers } = pod.spec as { containers: { command: string[] }[] }
  t.is(containers[0]?.command.at(-1), `http://${release.fullname}.${release.namespace}.svc:9000/readyz`)
})

test('a ServiceMonitor is made on demand, and one for workers of the watched namespaces', async (t) => {
  t.is(ofKind(plain, 'ServiceMonitor').length, 0)
  const serviceMonitor = { enabled: true, interval: '5s', scrapeTimeout: '4s', labels: { release: 'prometheus' } }
  const [own, jobs] = ofKind(await render({ serviceMonitor }), 'ServiceMonitor')
  t.like(own?.metadata.labels, { release: 'prometheus' })
  t.like(own?.spec, { endpoints: [{ port: 'http', path: '/metrics', interval: '5s', scrapeTimeout: '4s' }] })
  t.like(jobs?.spec, { namespaceSelector: { any: true }, selector: { matchLabels: { [labels.component]: 'worker' } }, targetLabels: [labels.job] })
  const [, some] = ofKind(await render({ serviceMonitor, watchNamespaces: ['shop'] }), 'ServiceMonitor')
  t.like(some?.spec, { namespaceSelector: { matchNames: ['shop'] } })
  t.is(ofKind(await render({ serviceMonitor: { ...serviceMonitor, jobs: false } }), 'ServiceMonitor').length, 1)
})

test('a NetworkPolicy is made on demand: metrics come in, and from certain peers only where they are named', async (t) => {
  t.is(ofKind(plain, 'NetworkPolicy').length, 0)
  const open = only(await render({ networkPolicy: { enabled: true } }), 'NetworkPolicy')
  t.like(open.spec, { policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 'http', protocol: 'TCP' }] }] })
  const prometheus = { namespaceSelector: { matchLabels: { name: 'monitoring' } } }
  const egress = [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }]
  const closed = only(await render({ networkPolicy: { enabled: true, from: [prometheus], egress } }), 'NetworkPolicy')
  t.like(closed.spec, { policyTypes: ['Ingress', 'Egress'], egress })
  const [rule] = (closed.spec as { ingress: { from: unknown[] }[] }).ingress
  t.deepEqual(rule?.from[0], prometheus)
  t.is(rule?.from.length, 2, 'the pod of helm test is let in too')
})

test('names follow the release, and the overrides', async (t) => {
  const nameOf = (objects: readonly Rendered[]): string => only(objects, 'Deployment').metadata.name
  t.is(nameOf(plain), release.fullname)
  t.is(nameOf(await render({ nameOverride: 'op' })), 'sj-op')
  t.is(nameOf(await render({ fullnameOverride: 'mine' })), 'mine')
})
