/** Where the records of open transactions lie: behind the last stable offset of a partition, which no reader of committed records passes. */
import { KafkajsTransport } from '../../runtime/kafka/kafkajs/transport.ts'
import { silent } from '../../runtime/kafka/log.ts'
import { offsetAt } from '../../runtime/kafka/transport.ts'
import { listOffsets } from '../../runtime/kafka/wire/data.ts'

/** Offsets from `from`, before `to`. */
export interface Pending {
  readonly from: number
  readonly to: number
}

/** Of each of the partitions, by its number. @param broker The only one, so it leads them all. */
export async function pendingRecords(broker: string, topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, Pending>> {
  await using transport = new KafkajsTransport({ brokers: [broker] }, { clientId: 'pending', log: silent })
  await using channel = transport.channel()
  const ends = async (isolation: number): Promise<readonly number[]> => {
    const asked = partitions.map((partition) => ({ topic, partition, timestamp: offsetAt.highWatermark }))
    const answer = await channel.ask(endsFor(isolation), { partitions: asked })
    return partitions.map((partition) => answer.find((one) => one.partition === partition && one.error === 0)!.offset)
  }
  const [stable, all] = [await ends(readCommitted), await ends(readUncommitted)]
  return new Map(partitions.map((partition, i) => [partition, { from: stable[i]!, to: all[i]! }] as const))
}

const readUncommitted = 0
const readCommitted = 1

/** The end of a partition as a reader of that isolation level sees it. */
const endsFor = (isolation: number): typeof listOffsets => ({
  ...listOffsets,
  encode(w, { partitions }) {
    w.int32(-1)
      .int8(isolation)
      .array(partitions, (p) => w.string(p.topic).array([p], ({ partition, timestamp }) => w.int32(partition).int64(timestamp)))
  },
})
