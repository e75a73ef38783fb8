import test from 'ava'
import { nodeAddress } from '../../hack/infra/kafka/cluster.ts'
import { picked } from '../faults/matrix.ts'
import { KafkaNodes, clusterBrokers, type NodeId } from '../support/kafka-nodes.ts'
import { uniqueName } from '../support/kafka.ts'
import { stockKafka, withStockAdmin } from '../support/stock-kafka.ts'

const ways = [
  ['is killed', (nodes: KafkaNodes, node: NodeId) => nodes.end(node, 'SIGKILL')],
  ['is ended', (nodes: KafkaNodes, node: NodeId) => nodes.end(node, 'SIGTERM')],
  ['is held', (nodes: KafkaNodes, node: NodeId) => nodes.hold(node)],
] as const

for (const [title, end] of picked(ways, 5)) {
  test.serial(`a partition whose leader ${title} gets another, and all its replicas once that node is back`, async (t) => {
    const nodes = await KafkaNodes.of(t)
    const topic = uniqueName(t)
    await withStockAdmin(clusterBrokers(), (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true }))
    const before = await nodes.leader(topic, 0)
    await end(nodes, before)
    t.not(await nodes.leader(topic, 0), before)
    const producer = stockKafka(clusterBrokers().filter((address) => address !== nodeAddress(before))).producer()
    await producer.connect()
    t.teardown(() => producer.disconnect())
    t.is((await producer.send({ topic, messages: [{ value: 'with two of three' }] }))[0]?.errorCode, 0)
    await t.notThrowsAsync(nodes.mend(before))
  })
}
