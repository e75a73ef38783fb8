import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { events, leases, statefulSets } from '../../operator/kube/resources.ts'
import { streamJobs } from '../../operator/streamjob/visit.ts'
import { connectAdmin } from '../../runtime/kafka/kafkajs/admin.ts'
import { installDefinitions } from '../support/definitions.ts'
import { eventually } from '../support/eventually.ts'
import { brokers, uniqueName } from '../support/kafka.ts'
import { testClient, testNamespace } from '../support/kube.ts'
import { playStatefulSets } from '../operator/streamjob/played-cluster.ts'
import { steps } from '../operator/streamjob/stage.ts'
import { grant, kubeconfigAs, userOf } from './cluster.ts'
import { environment, objectsOf, operatorPod, pods, release, template } from './helm.ts'

const admin = await testClient()
await installDefinitions(admin)
test.after.always(() => admin.close())

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the processes of the chart work with its settings and rights alone: the operator runs a job, and the check refuses to uninstall it', async (t) => {
  const namespace = await testNamespace(admin)
  const { output } = await template({ watchNamespaces: [namespace] }, ['--namespace', namespace])
  const objects = objectsOf(output)
  const rights = await grant(admin, objects, namespace)
  rights.close()

  const folder = await mkdtemp(join(tmpdir(), 'streamjob-chart-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const port = await freePort()
  // What the image and the kubelet would add to the pod.
  const added = { POD_NAMESPACE: namespace, POD_NAME: 'operator-0', PATH: process.env['PATH'] ?? '', STREAMJOB_HTTP_PORT: String(port) }
  const env = {
    ...environment(operatorPod(objects)),
    ...added,
    STREAMJOB_KUBECONFIG: await kubeconfigAs(userOf(namespace, release.fullname), folder),
  }
  const start = (kind: string): ChildProcess => {
    const command = pods(objects).get(kind)?.spec.containers[0]?.command ?? []
    const child = spawn(
      process.execPath,
      command.slice(1).map((path) => path.replace('/app/', root)),
      { env, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    t.teardown(() => void child.kill('SIGKILL'))
    return child
  }
  const check = async (): Promise<{ readonly code: number; readonly words: string }> => {
    const child = start('Job')
    const [words, [code]] = await Promise.all([text(child.stderr!), once(child, 'close') as Promise<[number]>])
    return { code, words }
  }
  t.deepEqual(await check(), { code: 0, words: '' })

  const operator = start('Deployment')
  const log = text(operator.stdout!)
  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    return await response.text()
  }
  const ended = once(operator, 'close').then(async () => {
    throw new Error(`the operator ended: ${await log}`)
  })
  await Promise.race([eventually(() => ask('/readyz'), { what: 'the operator to be ready' }), ended])

  const [orders, revenue] = [uniqueName(t), uniqueName(t)]
  await using kafka = connectAdmin({ brokers: brokers() }, { clientId: 'test' })
  await kafka.createTopic({ topic: revenue, partitions: 1, replicationFactor: 1, config: {} })
  const spec = { kafka: { brokers: brokers() }, parallelism: 1, program: { steps: steps(orders, revenue) } }
  await admin.create(streamJobs, { metadata: { namespace, name: 'revenue' }, spec })
  await eventually(async () => (await admin.list(events, { namespace })).items.some(({ note }) => note?.includes(orders)), {
    what: 'an event that names the missing topic',
  })
  await kafka.createTopic({ topic: orders, partitions: 1, replicationFactor: 1, config: {} })
  await eventually(() => admin.find(statefulSets, { namespace, name: 'revenue' }), { what: 'the StatefulSet', timeoutMs: 60_000 })
  const lease = await admin.get(leases, { namespace, name: release.fullname })
  t.is(lease.spec?.holderIdentity, 'operator-0')

  const counted = [
    /^streamjob_operator_api_calls_total\{verb="apply",resource="statefulsets",status="200"\} [1-9]/m,
    /^streamjob_operator_api_call_seconds_count\{verb="list"\} [1-9]/m,
  ]
  const isCounted = async (): Promise<boolean> => {
    const metrics = await ask('/metrics')
    return counted.every((line) => line.test(metrics))
  }
  await eventually(isCounted, { what: 'the calls to be counted' })

  const refusal = await check()
  t.is(refusal.code, 1)
  t.true(refusal.words.includes(`  ${namespace}/revenue\n`), refusal.words)

  await admin.delete(streamJobs, { namespace, name: 'revenue' })
  const gone = async (): Promise<boolean> => {
    await playStatefulSets(admin, namespace)
    return (await admin.find(streamJobs, { namespace, name: 'revenue' })) === null
  }
  await eventually(gone, { what: 'the job to go', timeoutMs: 60_000 })
  t.deepEqual(await check(), { code: 0, words: '' })

  operator.kill('SIGTERM')
  const [code] = (await once(operator, 'close')) as [number]
  t.is(code, 0, await log)
  t.regex(await log, /became leader/)
  t.notRegex(await log, /Forbidden/)
  t.is((await admin.get(leases, { namespace, name: release.fullname })).spec?.holderIdentity, '', 'the lease is given up')
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}
