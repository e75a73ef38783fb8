import test from 'ava'
import { wantedTopics } from '../../../operator/kafka/wanted-topics.ts'
import { count, job, kafka, stream, tumbling } from '../../../runtime/index.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { plannedResult } from '../../../runtime/plan/result.ts'
import { specOf } from '../resources/spec.ts'

const orders = stream.from(kafka({ topic: 'orders', key: 'customer' })).eventTime({ from: 'record' }, { monotonous: true })
const create = { partitions: 6, replicationFactor: 2 }

function topicsOf(plan: Plan): readonly (readonly [string, number])[] {
  const planned = plannedResult(plan)
  if (planned.kind !== 'planned') throw new Error(planned.kind)
  const described = new Map([['orders', { topic: 'orders', id: 'id', partitions: 4 }]])
  return wantedTopics('shop', 1, specOf(), planned.stages, described).map(({ topic, partitions }) => [topic, partitions])
}

test('every output that asks for it is made, once though two ends write it, and what goes between the stages', (t) => {
  const plan = job(
    orders.to(kafka({ topic: 'copies', create })),
    orders.filter(() => true).to(kafka({ topic: 'copies', create })),
    orders.to(kafka({ topic: 'there-already' })),
    orders
      .keyBy('region', { name: 'by-region' })
      .window(tumbling('1m'))
      .aggregate('n', { n: count() })
      .to(kafka({ topic: 'regions', create: { partitions: 2 } })),
  )
  const made = topicsOf(plan)
  t.deepEqual(
    made.filter(([topic]) => !topic.startsWith('shop.')),
    [
      ['copies', 6],
      ['regions', 2],
    ],
  )
  const own = made.map(([topic]) => topic).filter((topic) => topic.startsWith('shop.'))
  t.true(own.includes('shop.repartition.1.by-region'), own.join())
  t.true(own.includes('shop.changelog.1.orders') && own.includes('shop.changelog.1.by-region'), own.join())
})
