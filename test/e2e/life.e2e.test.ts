/** The life of a small job from `kubectl apply` to `kubectl delete`, on any cluster. */
import test from 'ava'
import { readCommitted } from '../support/broker.ts'
import { eventually } from '../support/eventually.ts'
import { assertTopicsLeft } from '../support/topics-left.ts'
import { compareCoordinates, compareResults, expectedOf } from './oracle.ts'
import { Site, isTrue } from './site.ts'
import { ordersOfMinutes, smallestJob } from './smallest-job.ts'

test('a job that is applied, scaled, suspended, resumed and deleted writes each result once and leaves nothing of its own behind', async (t) => {
  t.timeout(5 * 60_000)
  await using site = await Site.open()
  const { namespace, admin } = site
  const job = smallestJob(namespace.name)
  await site.createTopics([job.input, job.output], 4)
  await site.send(job.input, ordersOfMinutes(0, 200))

  await namespace.apply(job.asSteps)
  await site.ready('revenue', 1)
  await site.drained(job.applicationId, job.input)

  await namespace.kubectl(['scale', 'streamjob', 'revenue', '--replicas=2'])
  await site.ready('revenue', 2)
  await site.send(job.input, ordersOfMinutes(200, 200))
  await site.drained(job.applicationId, job.input)

  await namespace.patch('streamjob', 'revenue', { spec: { suspend: true } })
  await site.until('revenue', 'suspended', ({ status }) => isTrue(status, 'Suspended') && !status?.['operation'])
  t.deepEqual(await namespace.list('pods'), [])
  await site.send(job.input, ordersOfMinutes(400, 200))

  await namespace.patch('streamjob', 'revenue', { spec: { suspend: false } })
  await site.ready('revenue', 2)
  const committed = await site.drained(job.applicationId, job.input)

  const [input, output, late] = await Promise.all(
    [job.input, job.output, `${job.applicationId}.late`].map((topic) => Array.fromAsync(readCommitted(topic))),
  )
  const expected = expectedOf(job.windowedCount, input!, committed)
  t.is(expected.records, 600)
  t.true(expected.results.size >= 20, `${expected.results.size} windows were closed`)
  const exact = { missing: [], unexpected: [], duplicated: [] }
  t.deepEqual(compareResults(expected, output!), { ...exact, wrong: [] })
  t.deepEqual(compareCoordinates(expected.late, late!), exact)

  await namespace.kubectl(['delete', 'streamjob', 'revenue', '--timeout=60s'])
  // Records that could not take part belong to whoever wants to look at them.
  await assertTopicsLeft(t, site.admin, job.applicationId)
  t.deepEqual(
    (await admin.listGroups()).groups.filter(({ groupId }) => groupId.startsWith(namespace.name)),
    [],
  )
  const left = 'statefulsets,pods,services,poddisruptionbudgets,networkpolicies'
  await eventually(async () => (await namespace.list(left)).length === 0, { timeoutMs: 60_000, what: `${left} gone` })
})
