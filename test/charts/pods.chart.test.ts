import test from 'ava'
import { parseConfig } from '../../operator/config.ts'
import { ports } from '../../runtime/config.ts'
import { environment, ofKind, only, operatorPod, pods, release, render } from './helm.ts'

const plain = await render()

for (const [kind, { spec }] of pods(plain)) {
  test(`the pod of the ${kind} keeps to the restricted profile`, (t) => {
    t.true(spec.securityContext?.runAsNonRoot)
    t.true((spec.securityContext?.runAsUser ?? 0) > 0)
    t.is(spec.securityContext?.seccompProfile?.type, 'RuntimeDefault')
    for (const name of ['hostNetwork', 'hostPID', 'hostIPC'] as const) t.is(spec[name], undefined)
    for (const volume of spec.volumes ?? []) t.deepEqual(Object.keys(volume).sort(), ['emptyDir', 'name'])
    t.is(spec.containers.length, 1)
    const [container] = spec.containers
    const context = container?.securityContext
    t.is(context?.allowPrivilegeEscalation, false)
    t.true(context?.readOnlyRootFilesystem)
    t.deepEqual(context?.capabilities, { drop: ['ALL'] })
    t.is(context?.privileged, undefined)
    t.truthy(container?.resources?.requests?.['cpu'])
    t.truthy(container?.resources?.limits?.['memory'])
  })
}

test('three pods are made: the operator, the test, and the check before uninstalling', (t) => {
  t.deepEqual([...pods(plain).keys()].sort(), ['Deployment', 'Job', 'Pod'])
})

test('the pod of the test has no API token', (t) => {
  t.false(pods(plain).get('Pod')?.spec.automountServiceAccountToken)
})

test('the operator reads its settings back from the environment of its pod', async (t) => {
  const objects = await render({ watchNamespaces: ['shop', 'bank'], logLevel: 'debug', concurrency: 9, qps: 70, clusterId: 'here' })
  const config = parseConfig([], { ...environment(operatorPod(objects)), POD_NAMESPACE: release.namespace, POD_NAME: 'p' })
  t.like(config, {
    namespaces: ['shop', 'bank'],
    runtimeImage: 'ghcr.io/streamjob/streamjob:0.1.0',
    leaderElection: true,
    leaseName: release.fullname,
    operatorId: `${release.namespace}/${release.fullname}`,
    clusterId: 'here',
    kubeconfig: null,
    logLevel: 'debug',
    workers: 9,
    qps: 70,
  })
})

test('without watchNamespaces the operator manages all of them', (t) => {
  t.is(parseConfig([], environment(operatorPod(plain))).namespaces, null)
})

test('the labels that network policies let in are exactly those that select the operator', (t) => {
  const { podLabels } = parseConfig([], environment(operatorPod(plain)))
  const { selector } = only(plain, 'Deployment').spec as { selector: { matchLabels: Record<string, string> } }
  t.deepEqual(podLabels, selector.matchLabels)
  t.deepEqual((only(plain, 'Service').spec as { selector: unknown }).selector, selector.matchLabels)
  t.like(operatorPod(plain).metadata.labels, podLabels)
  for (const kind of ['Job', 'Pod']) {
    const labels = pods(plain).get(kind)?.metadata.labels ?? {}
    t.false(
      Object.entries(podLabels).every(([name, value]) => labels[name] === value),
      kind,
    )
  }
})

test('the check before uninstalling has the settings and the account of the operator', (t) => {
  const job = pods(plain).get('Job')
  t.deepEqual(job && environment(job), environment(operatorPod(plain)))
  t.is(job?.spec.serviceAccountName, operatorPod(plain).spec.serviceAccountName)
  t.like(only(plain, 'Job').metadata.annotations, { 'helm.sh/hook': 'pre-delete' })
})

test('probes ask the port that the operator listens on', (t) => {
  const [container] = operatorPod(plain).spec.containers
  const { httpPort } = parseConfig([], environment(operatorPod(plain)))
  t.deepEqual(container?.ports, [{ name: 'http', containerPort: httpPort, protocol: 'TCP' }])
  t.not(httpPort, ports.control)
  t.like(container?.startupProbe, { httpGet: { path: '/healthz', port: 'http' } })
  t.like(container?.livenessProbe, { httpGet: { path: '/healthz', port: 'http' } })
  t.like(container?.readinessProbe, { httpGet: { path: '/readyz', port: 'http' } })
})

test('credentials are written to memory, not to a disk of the node', (t) => {
  t.deepEqual(operatorPod(plain).spec.volumes, [{ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '32Mi' } }])
})

test('an image is named by repository and tag, and by digest where one is given', async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`
  const imageOf = async (image: object) => operatorPod(await render({ image })).spec.containers[0]?.image
  t.is(await imageOf({ repository: 'localhost/streamjob', tag: 'abc' }), 'localhost/streamjob:abc')
  t.is(await imageOf({ repository: 'localhost/streamjob', tag: 'abc', digest }), `localhost/streamjob@${digest}`)
})

test("workers run the operator's image unless another one is named", async (t) => {
  const image = { repository: 'localhost/streamjob', tag: 'abc' }
  t.is(environment(operatorPod(await render({ image })))['STREAMJOB_RUNTIME_IMAGE'], 'localhost/streamjob:abc')
  t.is(environment(operatorPod(await render({ image, runtimeImage: 'r:1' })))['STREAMJOB_RUNTIME_IMAGE'], 'r:1')
})

test('what is said about placing and labelling arrives in the pod', async (t) => {
  const tolerations = [{ key: 'a', operator: 'Exists' }]
  const affinity = { nodeAffinity: {} }
  const { metadata, spec } = operatorPod(
    await render({
      labels: { team: 'data', 'app.kubernetes.io/name': 'mine' },
      annotations: { all: 'x' },
      podLabels: { pod: 'y', 'app.kubernetes.io/name': 'mine' },
      podAnnotations: { only: 'z' },
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { disk: 'ssd' },
      tolerations,
      affinity,
      priorityClassName: 'high',
      topologySpreadConstraints: [{ topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' }],
      extraEnv: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=300' }],
    }),
  )
  t.like(metadata.labels, { team: 'data', pod: 'y', 'app.kubernetes.io/name': 'streamjob-operator' })
  t.deepEqual(metadata.annotations, { all: 'x', only: 'z' })
  t.like(spec, { imagePullSecrets: [{ name: 'registry' }], nodeSelector: { disk: 'ssd' }, tolerations, affinity, priorityClassName: 'high' })
  t.is(spec.topologySpreadConstraints?.length, 1)
  t.like(spec.containers[0]?.env?.at(-1), { name: 'NODE_OPTIONS' })
})

test('labels and annotations for every object reach every object but the resource definitions', async (t) => {
  const values = {
    labels: { team: 'data' },
    annotations: { note: 'x' },
    replicas: 2,
    serviceMonitor: { enabled: true },
    networkPolicy: { enabled: true },
  }
  const objects = (await render(values)).filter(({ kind }) => kind !== 'CustomResourceDefinition')
  for (const { kind, metadata } of objects) {
    t.is(metadata.labels?.['team'], 'data', kind)
    t.is(metadata.annotations?.['note'], 'x', kind)
  }
})

test('more than one replica gets a PodDisruptionBudget, unless it is switched off', async (t) => {
  t.is(ofKind(plain, 'PodDisruptionBudget').length, 0)
  t.like(only(await render({ replicas: 2 }), 'PodDisruptionBudget').spec, { maxUnavailable: 1 })
  t.is(ofKind(await render({ replicas: 2, podDisruptionBudget: { enabled: false } }), 'PodDisruptionBudget').length, 0)
})
