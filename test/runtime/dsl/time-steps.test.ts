/** What steps say of time: of the records, of the place where reading begins, and of partitions that are quiet. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { parse } from 'yaml'
import { parseSteps } from '../../../runtime/dsl/steps.ts'
import { fingerprint } from '../../../runtime/plan/fingerprint.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { maxDriftOf, stagesOf } from '../../../runtime/plan/structure/stages.ts'

function stepsOf(job: string): unknown {
  const { spec } = parse(readFileSync(new URL(`../../jobs/${job}.yaml`, import.meta.url), 'utf8')) as { spec: { program: { steps: unknown } } }
  return spec.program.steps
}

test('event time may be that of the record, and reading may begin at a time', (t) => {
  const steps = [
    { from: { topic: 'a', startFrom: 'Timestamp', startTimestamp: '2026-01-02T03:04:05Z' }, eventTime: { from: 'record', outOfOrderness: '5s' } },
    { to: { topic: 'b' } },
  ]
  const [source, eventTime] = parseSteps(steps).nodes
  t.like(source, { startFrom: { kind: 'timestamp', timestamp: Date.UTC(2026, 0, 2, 3, 4, 5) } })
  t.like(eventTime, { timestamp: { kind: 'record' }, outOfOrdernessMs: 5_000 })
})

test('time may be that of the clock', (t) => {
  const [source, ...rest] = stepsOf('revenue') as [{ from: object }, ...object[]]
  const window = { window: { tumbling: '1m' } }
  const plan = parseSteps([{ from: source.from, processingTime: {} }, ...rest.with(2, window)])
  t.deepEqual(plan.nodes[1], { kind: 'processingTime', uid: 'processingTime-1', inputs: ['orders'] })
})

test('a source may say when a partition of it is idle', (t) => {
  const planned = (idle: object): Plan => parseSteps([{ from: { topic: 'a', ...idle } }, { to: { topic: 'b' } }])
  t.like(planned({ idleTimeout: '5s' }).nodes[0], { idleTimeoutMs: 5_000 })
  t.false('idleTimeoutMs' in planned({}).nodes[0]!)
})

test('partitions may be kept from running ahead of others', (t) => {
  const planned = (drift: object): Plan =>
    parseSteps([{ from: { topic: 'a' }, eventTime: { from: 'record', outOfOrderness: '5s', ...drift } }, { to: { topic: 'b' } }])
  t.like(planned({ maxDrift: '1m' }).nodes[1], { outOfOrdernessMs: 5_000, maxDriftMs: 60_000 })
  t.false('maxDriftMs' in planned({}).nodes[1]!)
  t.is(maxDriftOf(stagesOf(planned({ maxDrift: '1m' }))[0]!), 60_000)
  t.is(maxDriftOf(stagesOf(planned({}))[0]!), null)
})

test('event time may stand in a header, and records may be in order', (t) => {
  const steps = [{ from: { topic: 'a' }, eventTime: { header: 'sent', monotonous: true } }, { to: { topic: 'b' } }]
  t.like(parseSteps(steps).nodes[1], { timestamp: { kind: 'header', name: 'sent' }, outOfOrdernessMs: 0 })
  const zero = [{ from: { topic: 'a' }, eventTime: { header: 'sent', outOfOrderness: '0s' } }, { to: { topic: 'b' } }]
  t.is(fingerprint(parseSteps(zero)), fingerprint(parseSteps(steps)))
})
