import test from 'ava'
import { StreamJobError } from '../../../runtime/errors.ts'
import { failureOf } from '../../../runtime/worker/failure.ts'

test('a transaction that was lost because of something else is reported as that', (t) => {
  const root = new StreamJobError('kafka-unreachable', 'No Kafka broker answered', { fields: { brokers: ['a:1'] } })
  const gaveUp = new StreamJobError('transaction-lost', 'The producer gave up', { cause: root })
  const again = new StreamJobError('transaction-lost', 'This producer failed before', { cause: gaveUp })
  const { code, message, recovery, rewinds, fields } = failureOf(again)
  t.deepEqual({ code, message, recovery, rewinds }, { code: 'kafka-unreachable', message: root.message, recovery: 'retry', rewinds: true })
  t.deepEqual(fields['brokers'], ['a:1'])
})

test('a transaction that is just lost is reported as lost', (t) => {
  const { code, recovery, rewinds } = failureOf(new StreamJobError('transaction-lost', 'EndTxn: the answer was lost'))
  t.deepEqual({ code, recovery, rewinds }, { code: 'transaction-lost', recovery: 'rewind', rewinds: true })
})

test('a record that was refused is no matter of trying again, however it is wrapped', (t) => {
  const refused = new StreamJobError('record-refused', 'INVALID_TIMESTAMP')
  const { recovery, rewinds } = failureOf(new StreamJobError('transaction-lost', 'This producer failed before', { cause: refused }))
  t.deepEqual({ recovery, rewinds }, { recovery: 'stop', rewinds: false })
})

test('what is not ours is a bug, and is reported with its stack', (t) => {
  const { code, recovery, fields } = failureOf(new TypeError('x is not a function'))
  t.deepEqual({ code, recovery }, { code: 'internal', recovery: 'restart' })
  t.regex(String(fields['stack']), /TypeError: x is not a function\n.*failure\.test/)
})
