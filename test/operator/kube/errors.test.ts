import test from 'ava'
import { isConflict, isExpired, isForbidden, isInvalid, isNotFound, isUnknownOutcome, KubeError, kubeErrorOf } from '../../../operator/kube/errors.ts'

const status = (fields: Record<string, unknown>): string => JSON.stringify({ kind: 'Status', status: 'Failure', ...fields })

test('the message says which call failed, with status, reason and the server’s words', (t) => {
  const error = kubeErrorOf('get pods shop/a', 404, status({ reason: 'NotFound', message: 'pods "a" not found' }), null)
  t.is(error.message, 'get pods shop/a: 404 NotFound: pods "a" not found')
})

test('an answer that is no Status object becomes an error with its HTTP status and the start of the text', (t) => {
  const error = kubeErrorOf('list pods', 502, `<html>${'x'.repeat(10_000)}`, null)
  t.deepEqual([error.status, error.reason], [502, 'HTTP502'])
  t.true(error.message.length < 300)
})

test('a message of any length is cut', (t) => {
  const error = kubeErrorOf('apply streamjobs a', 422, status({ reason: 'Invalid', message: 'y'.repeat(100_000) }), null)
  t.true(error.message.length < 1_200)
})

test('at most twenty causes are kept, each cut', (t) => {
  const causes = Array.from({ length: 50 }, (_, i) => ({ reason: 'FieldValueInvalid', field: `spec.${i}`, message: 'z'.repeat(5_000) }))
  const error = kubeErrorOf('apply', 422, status({ reason: 'Invalid', message: '', details: { causes } }), null)
  t.is(error.causes.length, 20)
  t.true(error.causes.every((cause) => cause.message.length === 1_024))
})

test('the pause that the server asks for is read from the header, else from the details', (t) => {
  const body = status({ reason: 'ServerTimeout', message: '', details: { retryAfterSeconds: 3 } })
  t.is(kubeErrorOf('get', 500, body, null).retryAfterMs, 3_000)
  t.is(kubeErrorOf('get', 500, body, 9_000).retryAfterMs, 9_000)
  t.is(kubeErrorOf('get', 500, status({ reason: 'InternalError', message: '' }), null).retryAfterMs, null)
})

for (const [what, facts, expected] of [
  ['a missing object', { status: 404, reason: 'NotFound' }, 'not found'],
  ['a lost race', { status: 409, reason: 'Conflict' }, 'conflict'],
  ['an existing name', { status: 409, reason: 'AlreadyExists' }, ''],
  ['an old version', { status: 410, reason: 'Expired' }, 'expired'],
  ['a wrong object', { status: 422, reason: 'Invalid' }, 'invalid'],
  ['another incarnation', { status: 422, reason: 'Invalid', causes: [{ reason: '', field: 'metadata.uid', message: '' }] }, 'conflict'],
  ['a missing permission', { status: 403, reason: 'Forbidden' }, 'forbidden'],
  ['no answer', { status: 0, reason: 'Timeout' }, 'unknown'],
  ['a server that failed', { status: 500, reason: 'InternalError' }, 'unknown'],
] as const) {
  test(`${what} is told apart: ${expected || 'none of these'}`, (t) => {
    const error = new KubeError('call', { message: '', ...facts })
    const kinds = {
      'not found': isNotFound,
      conflict: isConflict,
      expired: isExpired,
      invalid: isInvalid,
      forbidden: isForbidden,
      unknown: isUnknownOutcome,
    }
    const found = Object.entries(kinds).filter(([, is]) => is(error))
    t.deepEqual(
      found.map(([name]) => name),
      expected === '' ? [] : [expected],
    )
  })
}

test('an error that is not from the API is none of them', (t) => {
  t.false(isNotFound(new Error('404')))
  t.false(isConflict(null))
})
