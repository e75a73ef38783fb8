/**
 * The nodes of a plan: plain frozen data. Nothing runs in here; builder and steps make these, everything else reads them.
 * A node names its inputs by uid, so a plan is a graph: from any number of sources, which may be merged, to any number of sinks, by streams that may be used
 * several times.
 */
import type { FieldType, RecordSchema } from '../formats/schema.ts'
import type { Aggregate } from './nodes/aggregates.ts'
import type { DedupNode, ProcessFunction, ProcessNode } from './nodes/process.ts'
import type { Shape } from './structure/shape.ts'
import type { Emission, WindowSpec } from './nodes/windows.ts'

export type { Aggregate } from './nodes/aggregates.ts'
export type { WindowSpec } from './nodes/windows.ts'

/** Stable name of a node. Stateful nodes get it from the author, others from their place. State is found by it. */
export type Uid = string

/** Computes a value from a record. */
export type Expression = CelExpression | LambdaExpression

/** A CEL expression over `value`, `key`, `timestamp`, `topic`, `partition`, `offset`. */
export interface CelExpression {
  readonly kind: 'cel'
  readonly text: string
}

/** A function of the author; `text` is its source, for explain and the fingerprint. */
export interface LambdaExpression {
  readonly kind: 'lambda'
  readonly call: (value: never, record: RecordContext) => unknown
  readonly text: string
}

/** What a function may know of the record beside its value. One object per stage, reused for every record: copy what you keep. */
export interface RecordContext {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Event time once it is assigned, the record's timestamp before; epoch ms. */
  readonly timestamp: number
  /** Record key as text; null where the record has none. */
  readonly key: string | null
  /** First header of that name as text. */
  header(name: string): string | null
}

export type Format = { readonly kind: 'json'; readonly schema: RecordSchema | null }

export interface SourceNode {
  readonly kind: 'source'
  readonly uid: Uid
  readonly inputs: readonly []
  readonly topic: string
  /** The field that the record key is, partitioned by Kafka's default partitioner; null: not declared. */
  readonly keyField: string | null
  readonly format: Format
  readonly startFrom: StartFrom | null
  /** After which a partition that is read to its end, and gets nothing new, is idle; absent: as the job says. */
  readonly idleTimeoutMs?: number
}

export type StartFrom = { readonly kind: 'earliest' } | { readonly kind: 'latest' } | { readonly kind: 'timestamp'; readonly timestamp: number }

export interface EventTimeNode {
  readonly kind: 'eventTime'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  /** `record`: the Kafka timestamp. `header`: its first header of that name, epoch ms or ISO 8601 as text. */
  readonly timestamp:
    | { readonly kind: 'field'; readonly name: string }
    | { readonly kind: 'header'; readonly name: string }
    | { readonly kind: 'record' }
    | LambdaExpression
  /** 0: the records of a partition are in order. */
  readonly outOfOrdernessMs: number
  /** How far a partition may be ahead of those that are furthest behind before it is read on; absent: as far as it gets. */
  readonly maxDriftMs?: number
}

/** The time of a record is when it is worked on. */
export interface ProcessingTimeNode {
  readonly kind: 'processingTime'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
}

export interface FilterNode {
  readonly kind: 'filter'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly predicate: Expression
}

/** Sends each record on one of several ways: that of the first branch whose predicate holds. A `branch` behind it is where a way begins. */
export interface SplitNode {
  readonly kind: 'split'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  /** In the order in which they are asked. */
  readonly branches: readonly { readonly name: string; readonly predicate: Expression }[]
  /** The branch of what no predicate holds for; null: that is dropped. */
  readonly otherwise: string | null
}

/** The records that a split sends to its branch of that name. */
export interface BranchNode {
  readonly kind: 'branch'
  readonly uid: Uid
  /** The split. */
  readonly inputs: readonly [Uid]
  readonly name: string
}

export interface MapNode {
  readonly kind: 'map'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  /** One expression for the new value, or one CEL expression per field of it. */
  readonly mapper: Expression | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, CelExpression>> }
}

export interface FlatMapNode {
  readonly kind: 'flatMap'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly mapper: Expression
}

export interface KeyByNode {
  readonly kind: 'keyBy'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly field: string
}

/** Emits `{ key, windowStart, windowEnd, ...fields }` when the window fires; one that may fire more than once adds `firing`. */
export interface WindowAggregateNode {
  readonly kind: 'windowAggregate'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly window: WindowSpec
  readonly fields: Readonly<Record<string, Aggregate>>
}

/** Emits `{ key, windowStart, windowEnd, value }`. */
export interface WindowReduceNode {
  readonly kind: 'windowReduce'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly window: WindowSpec
  readonly reducer: { readonly kind: 'lambda'; readonly call: (accumulator: never, value: never) => unknown; readonly text: string }
}

/** Calls a function with all values of a window when that fires; it emits what it likes, at the window's end, under its key. */
export interface WindowProcessNode {
  readonly kind: 'windowProcess'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly window: WindowSpec
  /** What it emits; null: not declared. */
  readonly emits: RecordSchema | null
  readonly onWindow: ProcessFunction
}

/** Records of several streams as one, in the order in which they come. They must be keyed anew before they are grouped. */
export interface MergeNode {
  readonly kind: 'merge'
  readonly uid: Uid
  readonly inputs: readonly Uid[]
}

/**
 * Windows [first record, last record + gap) per key, of records with no more than the gap between neighbours. Emits as the other windows do, with what the
 * aggregates, the reducer or the function make of them.
 */
export interface SessionNode {
  readonly kind: 'session'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly gapMs: number
  readonly latenessMs: number
  /** Absent: one result, when the session is closed. */
  readonly emit?: Emission
  readonly contents:
    | { readonly kind: 'aggregate'; readonly fields: WindowAggregateNode['fields'] }
    | { readonly kind: 'reduce'; readonly reducer: WindowReduceNode['reducer'] }
    | { readonly kind: 'process'; readonly emits: WindowProcessNode['emits']; readonly onWindow: WindowProcessNode['onWindow'] }
}

export interface SinkNode {
  readonly kind: 'sink'
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly topic: string
  readonly format: Format
  /** The operator makes the topic when it is missing; null: it must exist. */
  readonly create: { readonly partitions: number; readonly replicationFactor: number } | null
}

export type TransformNode =
  | EventTimeNode
  | ProcessingTimeNode
  | FilterNode
  | SplitNode
  | BranchNode
  | MapNode
  | FlatMapNode
  | KeyByNode
  | WindowAggregateNode
  | WindowReduceNode
  | WindowProcessNode
  | MergeNode
  | SessionNode
  | ProcessNode
  | DedupNode
export type PlanNode = SourceNode | TransformNode | SinkNode

/** What a program's default export is. */
export interface Plan {
  readonly kind: 'streamjob.plan'
  readonly formatVersion: 1
  /** In topological order. */
  readonly nodes: readonly PlanNode[]
}

/** What a stage reads that other stages send to it by key, through a topic of the job's own. */
export interface RepartitionSource {
  readonly kind: 'repartition'
  /** Of the keyBy. */
  readonly uid: Uid
  readonly keyField: string
  /** Of the field that it is keyed by; null: not known, the key is text. */
  readonly keyType: FieldType | null
  /** What is known of the records. */
  readonly shape: Shape
  /** Names of the stages that write to it. */
  readonly writers: readonly string[]
  /** Whether its records have event time, and watermarks come with them. */
  readonly timed: boolean
  /** Whether they have processing time: each stage goes by its own clock. */
  readonly byProcessingTime: boolean
}

/** An end of a stage whose records go on by another key. */
export interface RepartitionSink {
  readonly kind: 'repartition'
  /** Of the keyBy, as are its inputs. */
  readonly uid: Uid
  readonly inputs: readonly [Uid]
  readonly keyField: string
  /** Whether its records have event time. */
  readonly timed: boolean
}

/** Where records leave a stage. */
export type StageSink = SinkNode | RepartitionSink

/**
 * The part of a plan between the topic it reads and those it writes; the unit that is split into tasks by partition. Its transforms and sinks hang together by
 * their inputs, from the source on: those that read the same one are branches. What was merged may have inputs in other stages too.
 */
export interface Stage {
  /** The uid of its source, or of the keyBy that it begins with; names the stage's changelog, and the topic that it reads. */
  readonly name: string
  readonly source: SourceNode | RepartitionSource
  /** In topological order. */
  readonly transforms: readonly TransformNode[]
  /** At least one. */
  readonly sinks: readonly StageSink[]
}
