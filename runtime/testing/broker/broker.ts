/** What any broker of the cluster does with a request; each knows which of them it is by `node`. */
import type * as T from '../../kafka/transport.ts'
import type { Coordination } from './coordination.ts'
import { deleteRecords } from './data/delete-records.ts'
import { Fetches } from './data/fetch.ts'
import { listOffsets } from './data/list-offsets.ts'
import { metadata } from './data/metadata.ts'
import { produce } from './data/produce.ts'
import { brokerError } from './errors.ts'
import type { Ground } from './ground.ts'
import type { GroupCoordinator } from './groups/coordinator.ts'
import type { MetadataViews } from './metadata-views.ts'
import type { Nodes } from './nodes.ts'
import type { TransactionCoordinator } from './transactions/coordinator.ts'
import { offsetsTopic, transactionPartition } from './transactions/transaction.ts'

export interface BrokerOptions {
  readonly clusterId: string
  readonly ground: Ground
  readonly nodes: Nodes
  readonly views: MetadataViews
  readonly coordination: Readonly<Record<T.CoordinatorKind, Coordination>>
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
}

export class Broker {
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
  readonly #options: BrokerOptions
  readonly #fetches: Fetches

  constructor(options: BrokerOptions) {
    this.groups = options.groups
    this.transactions = options.transactions
    this.#options = options
    this.#fetches = new Fetches(options.ground, options.views)
  }

  metadata(node: number, topics: readonly string[]): T.MetadataAnswer {
    const { clusterId, nodes, views } = this.#options
    return metadata(clusterId, nodes, views, node, topics)
  }

  findCoordinator(kind: T.CoordinatorKind, key: string): T.CoordinatorAnswer {
    if (key === '') return { error: brokerError.invalidRequest, node: -1 }
    const node = this.#options.coordination[kind].nodeOf(key)
    return { error: node === -1 ? brokerError.coordinatorNotAvailable : brokerError.none, node }
  }

  fetch(node: number, request: T.FetchRequest, reply: (answer: T.FetchAnswer) => void): void {
    this.#fetches.fetch(node, request, reply)
  }

  produce(node: number, request: T.ProduceRequest): readonly T.ProducedPartition[] {
    return produce(this.#options.views, this.transactions.verify, node, request)
  }

  listOffsets(node: number, request: T.ListOffsetsRequest): readonly T.ListedOffset[] {
    return listOffsets(this.#options.views, node, request)
  }

  deleteRecords(node: number, request: T.DeleteRecordsRequest): readonly T.DeletedRecords[] {
    return deleteRecords(this.#options.views, node, request)
  }

  addOffsetsToTxn(node: number, request: T.ProducerIdentity & { readonly groupId: string }): number {
    const partition = this.#options.coordination.group.partitionOf(request.groupId)
    return this.transactions.addOffsets(node, request, transactionPartition(offsetsTopic, partition))
  }
}
