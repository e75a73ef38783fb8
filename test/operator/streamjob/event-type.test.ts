import test from 'ava'
import { eventTypeOf } from '../../../operator/streamjob/status/event-type.ts'

for (const [status, reason, type] of [
  ['True', 'Running', 'Normal'],
  ['False', 'WorkersStarting', 'Normal'],
  ['False', 'Suspending', 'Normal'],
  ['False', 'PlanError', 'Warning'],
  ['False', 'KafkaUnreachable', 'Warning'],
  ['False', 'WorkersCrashing', 'Warning'],
] as const) {
  test(`the event of a Ready that is ${status} for ${reason} is of type ${type}`, (t) => {
    t.is(eventTypeOf({ status, reason }), type)
  })
}
