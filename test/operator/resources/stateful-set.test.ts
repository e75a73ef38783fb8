import test from 'ava'
import { networkPolicy } from '../../../operator/resources/network-policy.ts'
import { objectNames, parsePodName } from '../../../operator/resources/names.ts'
import { isOwned } from '../../../operator/resources/object.ts'
import { pinnedImage, planningConfigMap, planningPod } from '../../../operator/resources/planning-pod.ts'
import { podDisruptionBudget, service, serviceAccount } from '../../../operator/resources/companions.ts'
import type { Release } from '../../../operator/resources/release.ts'
import { statefulSet } from '../../../operator/resources/stateful-set.ts'
import type { Pod } from '../../../operator/kube/resources.ts'
import { specOf } from './spec.ts'

const owner = { name: 'revenue', namespace: 'shop', uid: 'u-1' }
const release: Release = {
  hash: 'abc',
  codeHash: 'code',
  image: 'streamjob:1',
  plan: { kind: 'planned', formatVersion: 1, fingerprint: 'f', explain: '', stages: [] },
  pods: null,
}
const draft = { hash: 'abc', codeHash: 'code', image: 'jobs:1.4', files: { 'config.json': '{}' } }
const made = (spec: Record<string, unknown> = {}) => statefulSet(owner, specOf(spec), release, { replicas: 3, epoch: 7 })

test('workers start and stop all at once, and nothing but the operator replaces them', (t) => {
  t.like(made().spec, { podManagementPolicy: 'Parallel', updateStrategy: { type: 'OnDelete' }, replicas: 3, serviceName: 'revenue-workers' })
  t.like(made().spec?.template.metadata?.annotations, { 'streamjob.dev/restart-hash': 'abc', 'streamjob.dev/epoch': '7' })
})

for (const [what, pod] of Object.entries({ worker: made().spec?.template.spec, planner: planningPod(owner, draft).spec })) {
  test(`the pod of a ${what} keeps within the restricted profile and has no way to the API`, (t) => {
    t.is(pod?.automountServiceAccountToken, false)
    t.like(pod?.securityContext, { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } })
    t.like(pod?.containers[0]?.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    t.true(pod?.containers[0]?.volumeMounts?.some(({ mountPath }) => mountPath === '/tmp'))
  })
}

test('a worker runs the main of the runtime with the files of its release', (t) => {
  const pod = made().spec?.template.spec
  const worker = pod?.containers[0]
  t.deepEqual(worker?.command, ['node', '--initial-old-space-size=256', '/app/runtime/main.ts', 'worker'])
  t.deepEqual(
    worker?.env?.map(({ name }) => name),
    ['POD_NAME', 'STREAMJOB_CONFIG', 'STREAMJOB_CODE_HASH', 'STREAMJOB_JOB_UID'],
  )
  t.is(worker?.env?.at(-1)?.value, owner.uid)
  t.is(pod?.volumes?.find(({ name }) => name === 'job')?.configMap?.name, 'revenue-abc')
  t.is(worker?.readinessProbe?.httpGet?.path, '/readyz')
  t.is(worker?.livenessProbe?.httpGet?.path, '/healthz')
  t.deepEqual(
    worker?.ports?.map(({ containerPort }) => containerPort),
    [8080, 8081],
  )
  t.is(pod?.terminationGracePeriodSeconds, 30)
})

test('a worker that starts slowly on a full node is given ten minutes, not killed and begun again', (t) => {
  const probe = made().spec?.template.spec?.containers[0]?.startupProbe
  t.is((probe?.periodSeconds ?? 0) * (probe?.failureThreshold ?? 0), 600)
})

test('Kafka secrets are mounted where the configuration names them', (t) => {
  const kafka = { brokers: ['k:1'], tls: { caSecret: { name: 'ca', key: 'root.pem' } }, sasl: { mechanism: 'plain', secret: 'user' } }
  const pod = made({ kafka }).spec?.template.spec
  t.deepEqual(pod?.volumes?.find(({ name }) => name === 'kafka-ca')?.secret?.items, [{ key: 'root.pem', path: 'ca.crt' }])
  t.is(pod?.volumes?.find(({ name }) => name === 'kafka-user')?.secret?.secretName, 'user')
  t.true(pod?.containers[0]?.volumeMounts?.some(({ mountPath }) => mountPath === '/etc/streamjob/kafka-user'))
})

test("the author's template is merged, and never over the labels that select the pods", (t) => {
  const template = { metadata: { labels: { team: 'shop' } }, spec: { nodeSelector: { disk: 'ssd' } } }
  const spec = made({ pod: { template } }).spec?.template
  t.is(spec?.spec?.nodeSelector?.['disk'], 'ssd')
  t.like(spec?.metadata?.labels, { team: 'shop', 'streamjob.dev/job': 'revenue', 'streamjob.dev/component': 'worker' })
})

test('every object is owned by its job, so that Kubernetes collects it', (t) => {
  const location = { namespace: 'system', podLabels: { app: 'operator' } }
  const objects = [
    made(),
    service(owner),
    serviceAccount(owner),
    podDisruptionBudget(owner),
    networkPolicy(owner, location),
    planningPod(owner, draft),
  ]
  for (const object of objects) t.true(isOwned(object, owner), object.kind)
  t.false(isOwned(made(), { ...owner, uid: 'another' }))
})

test('names are found before pods are ready, and a broken worker never blocks a drain', (t) => {
  t.like(service(owner).spec, { clusterIP: 'None', publishNotReadyAddresses: true })
  t.like(podDisruptionBudget(owner).spec, { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' })
})

test('a planning pod has one CPU, a deadline, and no credentials', (t) => {
  const pod = planningPod(owner, draft)
  t.is(pod.spec?.containers[0]?.resources?.limits?.['cpu'], '1')
  t.true((pod.spec?.activeDeadlineSeconds ?? 0) > 0)
  t.is(pod.spec?.restartPolicy, 'Never')
  t.deepEqual(
    pod.spec?.volumes?.map(({ name }) => name),
    ['job', 'tmp'],
  )
  t.is(planningConfigMap(owner, draft).metadata.name, pod.metadata.name)
})

test('an ordinal is read from a whole pod name only', (t) => {
  t.is(parsePodName('revenue', objectNames.pod('revenue', 12)), 12)
  t.is(parsePodName('revenue', 'revenue-0'), 0)
  for (const name of ['revenue', 'revenue-', 'revenue-01', 'revenue-plan-abc', 'revenue-x', 'other-1', 'revenue-1-2'])
    t.is(parsePodName('revenue', name), null, name)
})

const digest = `sha256:${'a'.repeat(64)}`
for (const [asked, imageID, pinned] of [
  ['registry.example/jobs:1.4', `registry.example/jobs@${digest}`, `registry.example/jobs@${digest}`],
  ['jobs:1.4', `docker.io/library/jobs@${digest}`, `docker.io/library/jobs@${digest}`],
  ['team/jobs', `docker.io/team/jobs@${digest}`, `docker.io/team/jobs@${digest}`],
  ['localhost:5000/jobs:1', `localhost:5000/jobs@${digest}`, `localhost:5000/jobs@${digest}`],
  // Loaded into the node by hand: nothing could be pulled by that digest.
  ['jobs:1.4', digest, 'jobs:1.4'],
  ['jobs:1.4', `docker.io/library/import-2026@${digest}`, 'jobs:1.4'],
  [`jobs@${digest}`, `docker.io/library/jobs@${digest}`, `jobs@${digest}`],
  ['jobs:1.4', '', 'jobs:1.4'],
] as const) {
  test(`the image ${asked} that ran as ${imageID || 'nothing'} is pinned as ${pinned}`, (t) => {
    const containerStatuses = [{ name: 'worker', imageID, image: asked, ready: true, restartCount: 0 }]
    t.is(pinnedImage(asked, { metadata: { name: 'p' }, status: { containerStatuses } } as unknown as Pod), pinned)
  })
}
