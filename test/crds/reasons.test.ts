import test from 'ava'
import { Condition, conditionTypes } from '../../crds/conditions.ts'
import { reservedSegments } from '../../crds/names.ts'
import { reasonOfErrorCode, reasonTable, savepointReasonTable } from '../../crds/reasons.ts'
import { errorTable } from '../../runtime/errors.ts'
import { reservedSegments as reservedByRuntime } from '../../runtime/protocol.ts'

test('every error code of the runtime has a reason, and only internal is Internal', (t) => {
  for (const code of Object.keys(errorTable)) t.is(reasonOfErrorCode(code) === 'Internal', code === 'internal', code)
})

test('a reason of an error that stops the job is stalled, and no other is', (t) => {
  for (const [code, { recovery }] of Object.entries(errorTable)) {
    t.is(reasonTable[reasonOfErrorCode(code)].outcome === 'stalled', recovery === 'stop', code)
  }
})

test('an error code of a newer worker is Internal', (t) => {
  t.is(reasonOfErrorCode('something-new'), 'Internal')
  t.is(reasonOfErrorCode('__proto__'), 'Internal')
})

test('every condition can be settled', (t) => {
  for (const type of conditionTypes) {
    const outcomes = Object.values(reasonTable).flatMap(({ on, outcome }) => ((on as readonly string[]).includes(type) ? [outcome] : []))
    t.true((outcomes as string[]).includes('settled'), type)
  }
})

test('every type and reason is one that Kubernetes takes', (t) => {
  for (const type of conditionTypes) {
    for (const reason of [...Object.keys(reasonTable), ...Object.keys(savepointReasonTable)]) {
      t.true(
        Condition.safeParse({ type, status: 'True', reason, message: '', lastTransitionTime: '2026-11-22T06:00:00Z' }).success,
        `${type} ${reason}`,
      )
    }
  }
})

test('the reserved segments of an applicationId are those of the runtime', (t) => {
  t.deepEqual([...reservedSegments], [...reservedByRuntime])
})
