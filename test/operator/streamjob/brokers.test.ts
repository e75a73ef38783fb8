import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { StreamJobError } from '../../../runtime/errors.ts'
import { MemoryStage, program } from './memory-stage.ts'

test('brokers that go away in the middle of an operation are named as such, until they are back', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), parallelism: 2 })
  await stage.settle()
  stage.kafkaHook = () => {
    throw new StreamJobError('kafka-unreachable', 'kafka:1 does not answer')
  }
  await stage.patch({ parallelism: 1 })
  await t.throwsAsync(stage.visit(), { message: /does not answer/ })
  const { conditions } = (await stage.job()).status ?? {}
  t.like(findCondition(conditions, 'Ready'), { status: 'False', reason: 'KafkaUnreachable', message: 'kafka:1 does not answer' })
  stage.kafkaHook = () => {}
  await stage.settle()
  t.is(findCondition((await stage.job()).status?.conditions, 'Ready')?.reason, 'Running')
})
