/** Healthy jobs cost the API server nothing: what does not change is not written. Counted in the API server's own audit log. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { auditEvents, isWrite, serviceAccountUser } from '../support/audit.ts'
import type { AuditEvent } from '../support/audit.ts'
import { Namespace, testSystem } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { revenueJob } from './revenue-job.ts'
import { Site, isTrue } from './site.ts'

const jobs = 20
const atOnce = 5
const idleSeconds = Number(process.env['STREAMJOB_TEST_IDLE_SECONDS'] ?? 300)
const quietSeconds = 20

test('healthy jobs cause no write by the operator in five minutes, Leases excepted', async (t) => {
  t.timeout(20 * 60_000)
  await using site = await Site.open()
  const { namespace } = site
  const user = await operatorUser()
  /** What the operator has written, in this namespace or in none. */
  const writes = async (since: number): Promise<readonly AuditEvent[]> => {
    const made = (await auditEvents(since)).filter((event) => event.user.username === user && isWrite(event))
    return made.filter(
      ({ objectRef }) => objectRef?.namespace === undefined || [namespace.name, testSystem.operatorNamespace()].includes(objectRef.namespace),
    )
  }
  const noLease = ({ objectRef }: AuditEvent): boolean => objectRef?.resource !== 'leases'

  const all = Array.from({ length: jobs }, (_, i) => revenueJob({ namespace: namespace.name, name: `idle-${i}`, parallelism: 1, resources }))
  await site.createTopics(
    all.flatMap(({ input, output }) => [input, output]),
    1,
  )
  const started = Date.now()
  const areReady = async (count: number): Promise<boolean> => {
    const seen = await namespace.list('streamjobs')
    return seen.length === count && seen.every(({ status }) => isTrue(status, 'Ready') && !status?.['operation'])
  }
  // Not all at once: their processes would start at the same time on one small node.
  for (let next = 0; next < jobs; next += atOnce) {
    await namespace.apply({ apiVersion: 'v1', kind: 'List', items: all.slice(next, next + atOnce).map(({ manifest }) => manifest) })
    const count = Math.min(next + atOnce, jobs)
    await eventually(() => areReady(count), { timeoutMs: 180_000, what: `${count} jobs ready` })
  }
  t.log(
    `${jobs} jobs were ready after ${((Date.now() - started) / 1_000).toFixed(0)} s, with ${(await writes(started)).filter(noLease).length} writes`,
  )
  // What was begun before all were ready is no steady state: events, the last cleaning up.
  await eventually(async () => (await writes(Date.now() - quietSeconds * 1_000)).every((event) => !noLease(event)), {
    timeoutMs: 90_000,
    what: `${quietSeconds} s without a write`,
  })

  const since = Date.now()
  await pause(idleSeconds * 1_000)
  const made = await writes(since)
  t.deepEqual(made.filter(noLease).map(described), [])
  t.true(made.length >= idleSeconds / 60, 'the log shows that the operator was there: it renewed its Lease')
  t.true(await areReady(jobs), 'the jobs stayed healthy')
  const begun = new Set((await writes(started)).map(({ objectRef }) => objectRef?.name))
  for (const { name } of all) t.true(begun.has(name), `the log has the writes that started ${name}`)
})

const resources = { requests: { cpu: '10m', memory: '64Mi' } }

/** Whom the API server knows the operator as. */
async function operatorUser(): Promise<string> {
  const name = testSystem.operatorNamespace()
  const [pod] = await new Namespace(name).list('pods', 'app.kubernetes.io/component=operator')
  const account = pod?.spec?.['serviceAccountName']
  if (typeof account !== 'string') throw new Error('There is no operator.')
  return serviceAccountUser(name, account)
}

const described = ({ verb, requestReceivedTimestamp, objectRef }: AuditEvent): string =>
  `${requestReceivedTimestamp} ${verb} ${objectRef?.resource}${objectRef?.subresource === undefined ? '' : `/${objectRef.subresource}`} ${objectRef?.namespace}/${objectRef?.name}`
