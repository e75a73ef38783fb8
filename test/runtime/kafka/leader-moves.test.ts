/** Leaders that move while a fetcher reads several topics, over virtual brokers. */
import test from 'ava'
import { clientOver } from '../../../runtime/kafka/connect.ts'
import { batch, World } from '../testing/broker/world.ts'

test('a partition whose leader moves is found again although the node still leads another topic', async (t) => {
  const world = new World({ nodes: 3 })
  world.topic('moving')
  world.topic('staying')
  const node = await world.leader('moving')
  while ((await world.leader('staying')) !== node) world.cluster.moveLeader('staying', 0)
  const client = clientOver(world.cluster.transport(world.process), { timing: world.process.timing })
  const fetcher = client.fetcher()
  fetcher.assign(['moving', 'staying'].map((topic) => ({ topic, partition: 0, offset: 0 })))
  const next = async (): Promise<string | undefined> => (await world.passing(fetcher.next(60_000)))?.topic
  await world.write('moving', batch([{}]))
  t.is(await next(), 'moving')
  while ((await world.leader('moving')) === node) world.cluster.moveLeader('moving', 0)
  await world.write('moving', batch([{}]))
  t.is(await next(), 'moving')
  await world.passing(Promise.resolve(client[Symbol.asyncDispose]()))
})
