import test from 'ava'
import { applyTemplatePatch, ForbiddenPatch } from '../../../operator/resources/template-patch.ts'

const template = {
  metadata: { labels: { a: '1' } },
  spec: {
    containers: [
      {
        name: 'worker',
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        resources: { requests: { cpu: '1' } },
      },
    ],
    volumes: [{ name: 'job', configMap: { name: 'x' } }],
    tolerations: [{ key: 'old' }],
  },
}

const patched = (patch: Record<string, unknown>): unknown => applyTemplatePatch(template, patch, 'worker')

test('objects merge, and null removes', (t) => {
  t.deepEqual(patched({ metadata: { labels: { b: '2' }, annotations: { c: '3' } } }), {
    ...template,
    metadata: { labels: { a: '1', b: '2' }, annotations: { c: '3' } },
  })
  t.deepEqual(patched({ spec: { volumes: null } }), {
    ...template,
    spec: { containers: template.spec.containers, tolerations: template.spec.tolerations },
  })
})

test('containers and their variables merge by name, and a sidecar is added', (t) => {
  const result = patched({
    spec: {
      containers: [
        {
          name: 'worker',
          env: [
            { name: 'B', value: '3' },
            { name: 'C', value: '4' },
          ],
        },
        { name: 'sidecar', image: 'i' },
      ],
    },
  })
  t.like(result, {
    spec: {
      containers: [
        {
          name: 'worker',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '3' },
            { name: 'C', value: '4' },
          ],
          resources: { requests: { cpu: '1' } },
        },
        { name: 'sidecar', image: 'i' },
      ],
    },
  })
})

test('a list without a merge key is replaced, and $patch: delete removes an item', (t) => {
  t.like(patched({ spec: { tolerations: [{ key: 'new' }] } }), { spec: { tolerations: [{ key: 'new' }] } })
  t.like(patched({ spec: { containers: [{ name: 'worker', env: [{ name: 'A', $patch: 'delete' }] }] } }), {
    spec: { containers: [{ name: 'worker', env: [{ name: 'B', value: '2' }] }] },
  })
})

for (const [what, spec] of Object.entries({
  'the service account': { serviceAccountName: 'admin' },
  'the API token': { automountServiceAccountToken: true },
  "the pod's security context": { securityContext: { runAsUser: 0 } },
  "the host's network": { hostNetwork: true },
  "the host's files": { volumes: [{ name: 'root', hostPath: { path: '/' } }] },
  "the worker's security context": { containers: [{ name: 'worker', securityContext: { privileged: true } }] },
  "the worker's command": { containers: [{ name: 'worker', command: ['sh'] }] },
  'all of it at once': { $patch: 'replace', containers: [{ name: 'other', image: 'i', securityContext: { privileged: true } }] },
  "the worker's removal": { containers: [{ name: 'worker', $patch: 'delete' }] },
})) {
  test(`a pod template may not change ${what}`, (t) => {
    t.throws(() => patched({ spec }), { instanceOf: ForbiddenPatch, message: /^spec\.pod\.template\.spec\./ })
  })
}
