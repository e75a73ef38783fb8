/** A changelog that is deleted and made again under a running job, over a scripted Kafka. */
import test from 'ava'
import { names } from '../../../../runtime/protocol.ts'
import { eventually } from '../../../support/eventually.ts'
import { app, order, ScriptedWorker } from '../../../support/scripted-worker.ts'

const changelog = names.changelogTopic(app, 1, 'in')

test('a changelog that is made again while the job runs stops it, before more is committed', async (t) => {
  const run = await ScriptedWorker.start(t, { partitions: 1 })
  run.kafka.put('in', 0, order('a', 0))
  await eventually(() => run.kafka.offsets.get('in-0')?.offset === 1)
  run.kafka.createTopic(changelog, 1, 'f'.repeat(32))
  run.ahead += 60_000
  run.kafka.put('in', 0, order('a', 1))
  const error = await eventually(() => run.worker.status().error)
  t.is(error.code, 'topic-replaced')
  t.true(error.message.startsWith(`${changelog} was deleted and made again`))
  t.is(run.kafka.offsets.get('in-0')?.offset, 1)
})

test('brokers are not asked about changelogs with every commit', async (t) => {
  const run = await ScriptedWorker.start(t, { partitions: 1 })
  const asked = (): number => run.kafka.calls.filter(({ name, about }) => name === 'describeTopics' && about === changelog).length
  for (let offset = 0; offset < 5; offset++) {
    run.kafka.put('in', 0, order('a', offset))
    await eventually(() => run.kafka.offsets.get('in-0')?.offset === offset + 1)
  }
  t.is(asked(), 1)
})
