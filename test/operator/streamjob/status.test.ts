import test from 'ava'
import { conditionTypes, findCondition, type ConditionType } from '../../../crds/conditions.ts'
import type { Operation } from '../../../crds/streamjob-status.ts'
import { reasonTable, type Reason } from '../../../crds/reasons.ts'
import { fails, holds, type Finding, unknown } from '../../../operator/streamjob/status/finding.ts'
import { requeueAfterMs } from '../../../operator/streamjob/status/requeue.ts'
import { nextStatus, type StatusInput } from '../../../operator/streamjob/status/status.ts'
import { unsupportedFields } from '../../../operator/streamjob/unsupported.ts'
import { specOf } from '../resources/spec.ts'

const now = '2026-01-01T00:00:00Z'
const later = '2026-01-01T00:01:00Z'

function input(findings: readonly Finding[], change: Partial<StatusInput> = {}): StatusInput {
  return {
    previous: {},
    generation: 1,
    now,
    findings: new Map(findings.map((finding) => [finding.type, finding])),
    operation: undefined,
    deleting: false,
    suspend: false,
    record: { epoch: 3, parallelism: 2, mode: 'run' },
    recordMissing: false,
    selector: 'a=b',
    formerRuns: false,
    workers: '2/2',
    program: null,
    ...change,
  }
}

const good: readonly Finding[] = [
  holds('ProgramValid', 'Planned', ''),
  holds('TopicsReady', 'TopicsPresent', ''),
  holds('WorkersReady', 'WorkersRunning', '2 of 2'),
  fails('IdentityConflict', 'IdentityConfirmed', ''),
]
const operation = (kind: string, step: string): Operation => ({ kind, id: `${kind}-1`, step, from: 3, to: 1, startedAt: now })
const shown = (status: ReturnType<typeof nextStatus>, type: ConditionType): string => {
  const condition = findCondition(status.conditions, type)
  return `${condition?.status} ${condition?.reason}`
}

test('every condition is there from the first visit on, with a reason that belongs to it', (t) => {
  const { conditions = [] } = nextStatus(input([], { record: null, workers: null }))
  t.deepEqual(
    conditions.map(({ type }) => type),
    [...conditionTypes],
  )
  for (const { type, reason } of conditions) {
    const known: { on: readonly string[] } = reasonTable[reason as Reason]
    t.true(type === 'Ready' || known.on.includes(type), `${type} ${reason}`)
  }
})

const summaries: readonly (readonly [what: string, findings: readonly Finding[], change: Partial<StatusInput>, ready: string])[] = [
  ['a job whose workers all process is Ready', good, {}, 'True Running'],
  ['workers that start hold Ready back', [...good, fails('WorkersReady', 'WorkersStarting', '')], {}, 'False WorkersStarting'],
  ['a missing topic is named by Ready', [...good, fails('TopicsReady', 'TopicMissing', 'orders')], {}, 'False TopicMissing'],
  [
    'a bad program weighs more than a missing topic',
    [...good, fails('TopicsReady', 'TopicMissing', ''), fails('ProgramValid', 'TypeError', '')],
    {},
    'False TypeError',
  ],
  ['a program that is being planned leaves Ready unknown', [unknown('ProgramValid', 'Planning', '')], {}, 'Unknown Planning'],
  [
    'an identity conflict weighs most',
    [...good, fails('ProgramValid', 'TypeError', ''), holds('IdentityConflict', 'ResourceReplaced', '')],
    {},
    'False ResourceReplaced',
  ],
  ['a job without workers wanted is Ready', [...good, holds('WorkersReady', 'ScaledToZero', '')], {}, 'True ScaledToZero'],
  [
    'a suspended job says so',
    [...good, fails('WorkersReady', 'WorkersStarting', '')],
    { suspend: true, record: { epoch: 3, parallelism: 2, mode: 'stop' } },
    'False SuspendedByUser',
  ],
  ['a job on its way to suspension says so', good, { suspend: true, operation: operation('Suspend', 'Committing') }, 'False Suspending'],
  ['a job that is deleted says so', good, { deleting: true }, 'False Deleting'],
]

for (const [what, findings, change, ready] of summaries) {
  test(what, (t) => {
    t.is(shown(nextStatus(input(findings, change)), 'Ready'), ready)
  })
}

for (const [type, reason] of [
  ['ProgramValid', 'PlanError'],
  ['ProgramValid', 'NotSupportedYet'],
  ['ProgramValid', 'TypeError'],
  ['ProgramValid', 'LoadError'],
  ['TopicsReady', 'TopicMissing'],
] as const) {
  test(`${reason} says that the former program goes on, as long as it does`, (t) => {
    const message = (change: Partial<StatusInput>) =>
      findCondition(nextStatus(input([...good, fails(type, reason, 'what is wrong')], change)).conditions, 'Ready')?.message
    t.is(message({ formerRuns: true }), 'what is wrong; the former program goes on')
    t.is(message({ formerRuns: false }), 'what is wrong')
    t.is(message({ formerRuns: true, suspend: true }), 'what is wrong')
  })
}

test('an operation shows in the conditions that are about it', (t) => {
  t.is(shown(nextStatus(input(good, { operation: operation('Rescale', 'Draining') })), 'Rescaling'), 'True ScalingDown')
  t.is(shown(nextStatus(input(good, { operation: operation('Upgrade', 'Draining') })), 'Upgrading'), 'True WorkersStopping')
  t.is(shown(nextStatus(input(good, { operation: operation('Upgrade', 'Starting') })), 'Upgrading'), 'True WorkersStarting')
  t.is(shown(nextStatus(input(good)), 'Rescaling'), 'False AtSize')
})

test('the same findings give an equal status at any time, so nothing is written', (t) => {
  const first = nextStatus(input(good))
  t.deepEqual(nextStatus(input(good, { previous: first, now: later })), first)
})

test('a message that is cut within a character is still one that the API server gives back as it is', (t) => {
  for (const say of [holds, fails, unknown]) t.true(say('Ready', 'Running', `${'x'.repeat(4_095)}😀`).message.isWellFormed())
})

test('only a change of its status moves the time of a condition', (t) => {
  const first = nextStatus(input(good))
  const second = nextStatus(input([...good, fails('TopicsReady', 'TopicMissing', 'a')], { previous: first, now: later }))
  const third = nextStatus(input([...good, fails('TopicsReady', 'KafkaUnreachable', 'b')], { previous: second, now: '2026-01-01T00:02:00Z' }))
  t.is(findCondition(second.conditions, 'TopicsReady')?.lastTransitionTime, later)
  t.is(findCondition(third.conditions, 'TopicsReady')?.lastTransitionTime, later)
  t.is(findCondition(third.conditions, 'ProgramValid')?.lastTransitionTime, now)
})

test('what a visit did not get to is remembered', (t) => {
  const first = nextStatus(input([...good, fails('TopicsReady', 'TopicMissing', 'a')]))
  const second = nextStatus(input([holds('ProgramValid', 'Planned', '')], { previous: first, now: later, record: null, workers: null }))
  t.is(shown(second, 'TopicsReady'), 'False TopicMissing')
  t.is(second.epoch, '3')
  t.is(second.workers, '2/2')
})

test('an operation that has ended leaves the status', (t) => {
  const first = nextStatus(input(good, { operation: operation('Rescale', 'Draining') }))
  t.is(nextStatus(input(good, { previous: first })).operation, undefined)
})

test('what fails is looked at soon, then more and more slowly; what is settled about once a minute', (t) => {
  const failing = nextStatus(input([fails('TopicsReady', 'TopicMissing', '')])).conditions ?? []
  const settled = nextStatus(input([...good, holds('Restored', 'StartedFresh', '')])).conditions ?? []
  const start = Date.parse(now)
  t.is(requeueAfterMs(failing, start + 1_000, 0), 2_000)
  t.is(requeueAfterMs(failing, start + 60_000, 0), 7_500)
  t.is(requeueAfterMs(failing, start + 3_600_000, 0), 60_000)
  t.is(requeueAfterMs(settled, start, 0), 60_000)
  t.is(requeueAfterMs(settled, start, 0.5), 66_000)
})

for (const [field, spec] of Object.entries({
  'spec.autoscaling.mode: Enabled or DryRun': { autoscaling: { mode: 'DryRun', maxParallelism: 4 } },
  'spec.state.backend: Disk': { state: { backend: 'Disk', volume: { size: '1Gi' } } },
  'spec.restore': { restore: { id: 'a', from: { fresh: {} } } },
  'spec.kafka.schemaRegistry': { kafka: { brokers: ['k:1'], schemaRegistry: { url: 'http://r:8081' } } },
})) {
  test(`${field} is not supported yet`, (t) => {
    t.deepEqual(unsupportedFields(specOf(spec)), [field])
  })
}

test('a plain spec asks for nothing that is not supported', (t) => {
  t.deepEqual(unsupportedFields(specOf()), [])
})
