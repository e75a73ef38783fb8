import test from 'ava'
import { Namespace, testSystem, type KubeJson } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { killPodProcesses } from '../support/processes.ts'

const isReady = (pod: KubeJson | null): boolean =>
  ((pod?.status?.['conditions'] ?? []) as readonly { type: string; status: string }[]).some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  )

const restarts = (pod: KubeJson | null): number =>
  ((pod?.status?.['containerStatuses'] ?? []) as readonly { restartCount: number }[])[0]?.restartCount ?? 0

/** Answers on its port once it has loaded the native modules, written to its volume and reached the broker. */
const program = `
for (const native of ['@node-rs/crc32', 'snappy', 'lz4-napi']) require(native)
const { writeFileSync, existsSync } = require('node:fs')
const [host, port] = process.env.BROKER.split(':')
const socket = require('node:net').connect(Number(port), host, () => {
  const kept = existsSync('/data/mark')
  writeFileSync('/data/mark', 'x')
  require('node:http').createServer((_, answer) => answer.end(JSON.stringify({ kept }))).listen(8080)
})
socket.on('error', error => { console.error(error.message); process.exit(1) })
`

const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}

function statefulSet(name: string): object {
  const labels = { app: name }
  const container = {
    name: 'main',
    image: testSystem.image(),
    args: ['-e', program],
    env: [{ name: 'BROKER', value: testSystem.kafkaForPods() }],
    securityContext: restricted,
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
  }
  const securityContext = { runAsNonRoot: true, runAsUser: 10_001, fsGroup: 10_001, seccompProfile: { type: 'RuntimeDefault' } }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name },
    spec: {
      serviceName: name,
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { securityContext, containers: [container], terminationGracePeriodSeconds: 1 } },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }],
    },
  }
}

test('a pod of our image reaches the broker, writes to its volume as its own user, and comes back after SIGKILL with its data', async (t) => {
  const namespace = await Namespace.create('cluster')
  t.teardown(() => namespace.delete())
  await namespace.apply(statefulSet('web'))
  const pod = await eventually(async () => namespace.get('pod', 'web-0').then((found) => isReady(found) && found), { timeoutMs: 60_000 })
  t.deepEqual(await namespace.fetchJson('web-0', 8080, '/'), { kept: false })
  t.regex(await namespace.exec('web-0', ['id', '-u']), /^10001$/m)

  t.is(killPodProcesses(pod.metadata.uid).length, 1)
  await eventually(async () => namespace.get('pod', 'web-0').then((found) => restarts(found) === 1 && isReady(found)), { timeoutMs: 60_000 })
  t.deepEqual(await namespace.fetchJson('web-0', 8080, '/'), { kept: true })
})
