/**
 * What operator and workers must both know: names, the job record, the worker's status, what a planning pod answers.
 * Everything that is stored or crosses a process carries `formatVersion`; a release reads its own and the one before.
 */
import { z } from 'zod'

/** Names of all that a job owns in Kafka, each beginning with its applicationId. Parsed, never matched by prefix. */
export const names = {
  group: (applicationId: string): string => applicationId,
  jobTopic: (applicationId: string): string => `${applicationId}.job`,
  /** What workers tell each other of how far their partitions have come. Made for jobs that hold partitions back. */
  alignmentTopic: (applicationId: string): string => `${applicationId}.job.alignment`,
  lateTopic: (applicationId: string): string => `${applicationId}.late`,
  deadLetterTopic: (applicationId: string): string => `${applicationId}.dlq`,
  changelogTopic: (applicationId: string, lineage: number, stage: string): string => `${applicationId}.changelog.${lineage}.${stage}`,
  /** What other stages send to a stage by key. */
  repartitionTopic: (applicationId: string, lineage: number, stage: string): string => `${applicationId}.repartition.${lineage}.${stage}`,
  workerTransactionalId: (applicationId: string, ordinal: number): string => `${applicationId}.worker.${ordinal}`,
  operatorTransactionalId: (applicationId: string): string => `${applicationId}.operator`,
} as const

/** Segments that an applicationId may not contain behind its first dot: with them, one job's topics could bear another's names. */
export const reservedSegments: readonly string[] = ['job', 'late', 'dlq', 'changelog', 'repartition', 'worker', 'operator']

export type OwnedTopic =
  | { readonly kind: 'job' | 'alignment' | 'late' | 'dlq' }
  | { readonly kind: 'changelog' | 'repartition'; readonly lineage: number; readonly stage: string }

/** What a topic is to the job of this applicationId; null when it is not the job's. */
export function parseTopic(applicationId: string, topic: string): OwnedTopic | null {
  if (!topic.startsWith(`${applicationId}.`)) return null
  const rest = topic.slice(applicationId.length + 1)
  if (rest === 'job' || rest === 'late' || rest === 'dlq') return { kind: rest }
  if (rest === 'job.alignment') return { kind: 'alignment' }
  const [, kind, lineage, stage = ''] = /^(changelog|repartition)\.(\d{1,15})\.(.+)$/.exec(rest) ?? []
  return kind === 'changelog' || kind === 'repartition' ? { kind, lineage: Number(lineage), stage } : null
}

/** The topic that a stage reads: that of its source, or the job's own. */
export function sourceTopicOf(applicationId: string, lineage: number, stage: { readonly name: string; readonly sourceTopic: string | null }): string {
  return stage.sourceTopic ?? names.repartitionTopic(applicationId, lineage, stage.name)
}

/** The ordinal of a worker's transactional id; null when it is not a worker of this job. */
export function parseWorkerTransactionalId(applicationId: string, transactionalId: string): number | null {
  if (!transactionalId.startsWith(`${applicationId}.worker.`)) return null
  const rest = transactionalId.slice(applicationId.length + '.worker.'.length)
  return /^\d{1,6}$/.test(rest) ? Number(rest) : null
}

/** The operator's standing order to a job's workers: the newest record with key `job` in the job topic. */
export const JobRecord = z.object({
  formatVersion: z.literal(1),
  identity: z.object({
    /** metadata.uid of the StreamJob; of a local run a name of its own. */
    uid: z.string().min(1),
    /** UID of the kube-system namespace. */
    kubernetesCluster: z.string().min(1),
    kafkaCluster: z.string().min(1),
  }),
  /** Rises with every change; an older one is fenced. */
  epoch: z.number().int().min(1),
  /** Names the changelogs. */
  lineage: z.number().int().min(1),
  planFingerprint: z.string(),
  codeHash: z.string(),
  parallelism: z.number().int().min(0),
  stages: z.array(
    z.object({
      name: z.string(),
      sourceTopic: z.string(),
      partitions: z.number().int().min(1),
      /** How many there were when the lineage began; absent: as many. Those that came later are read from their beginning, whatever startFrom says. */
      partitionsAtStart: z.number().int().min(1).optional(),
      /** Topic id of the stage's changelog, 32 hex digits: one that was deleted and made again has lost the positions in it. */
      changelogId: z.string(),
      /** Of what its topic is written by, if that is the job's own: the watermark is the least of all partitions of these stages. */
      writers: z.array(z.object({ stage: z.string(), partitions: z.number().int().min(1) })).optional(),
    }),
  ),
  /** `run`: work; `stop`: commit what is open, then nothing. */
  mode: z.enum(['run', 'stop']),
  operationId: z.string().nullable(),
  restoresDone: z.array(z.string()),
  /** Warm copies of each task on other workers. */
  standbys: z.number().int().min(0).default(0),
})
export type JobRecord = z.infer<typeof JobRecord>
export const jobRecordKey = 'job'

/** A stage with what was found of its topics. */
export interface FoundStage {
  readonly name: string
  /** Null: the job's own. */
  readonly sourceTopic: string | null
  readonly writers: readonly string[]
  /** Of its source topic, now. */
  readonly partitions: number
  readonly changelogId: string
}

/** What the next record says of the stages of a plan, in their order: who writes for whom, and over how many partitions. */
export function recordStages(found: readonly FoundStage[], applicationId: string, lineage: number, previous: JobRecord | null): JobRecord['stages'] {
  const stages: JobRecord['stages'] = []
  for (const stage of found) {
    const { name, changelogId } = stage
    const sourceTopic = sourceTopicOf(applicationId, lineage, stage)
    const writers = stages.filter((earlier) => stage.writers.includes(earlier.name)).map((one) => ({ stage: one.name, partitions: one.partitions }))
    const partitions = partitionsOf(previous, lineage, { name, sourceTopic }, stage.partitions)
    stages.push({ name, sourceTopic, ...partitions, changelogId, ...(writers.length > 0 && { writers }) })
  }
  return stages
}

/** Every partition that writes for a stage, as `stage/partition`; empty where it reads a source. */
export function writersOf(record: JobRecord, stage: string): readonly string[] {
  const { writers = [] } = record.stages.find(({ name }) => name === stage) ?? {}
  return writers.flatMap((writer) => Array.from({ length: writer.partitions }, (_, partition) => `${writer.stage}/${partition}`))
}

/** What the next record says of the partitions of a stage, of which its source topic has `now`. */
export function partitionsOf(
  previous: JobRecord | null,
  lineage: number,
  { name, sourceTopic }: { readonly name: string; readonly sourceTopic: string },
  now: number,
): Pick<JobRecord['stages'][number], 'partitions' | 'partitionsAtStart'> {
  const before = previous?.lineage === lineage ? previous.stages.find((stage) => stage.name === name && stage.sourceTopic === sourceTopic) : undefined
  const atStart = before?.partitionsAtStart ?? before?.partitions ?? now
  return atStart === now ? { partitions: now } : { partitions: now, partitionsAtStart: atStart }
}

/** What a worker tells the group's leader in JoinGroup. */
export const MemberUserData = z.object({
  formatVersion: z.literal(1),
  epoch: z.number().int(),
  ordinal: z.number().int().min(0),
  /** Tasks it holds state of, as `stage/partition`. */
  owned: z.array(z.string()),
  /** Tasks of which it has a copy that is nearly up to date. */
  warm: z.array(z.string()).default([]),
})
export type MemberUserData = z.infer<typeof MemberUserData>

/** What the leader answers in SyncGroup. */
export const MemberAssignment = z.object({
  formatVersion: z.literal(1),
  epoch: z.number().int(),
  /** Epoch that the member introduced itself with: a process that took its place since has not been asked. Absent: the leader does not tell. */
  introduced: z.number().int().optional(),
  tasks: z.array(z.object({ stage: z.string(), partition: z.number().int().min(0) })),
  /** Tasks that it shall keep copies of: standbys, and those that come to it (`moves`) once it is warm for them. */
  warm: z.array(z.object({ stage: z.string(), partition: z.number().int().min(0), moves: z.boolean() })).default([]),
  /** Instance ids of the group at this generation; only the leader sees them, so it passes them on. */
  members: z.array(z.string()),
})
export type MemberAssignment = z.infer<typeof MemberAssignment>

/** What workers tell each other of their source partitions, so that those ahead wait for those behind. A hint: what is lost costs time only. */
export const AlignmentHint = z.object({
  formatVersion: z.literal(1),
  lineage: z.number().int(),
  /** By stage: pairs of a partition and its watermark (epoch ms; null: none yet); or `idle`; or `coming`, it is being restored and is where it was. */
  stages: z.record(z.string(), z.array(z.tuple([z.number().int().min(0), z.union([z.number(), z.null(), z.enum(['idle', 'coming'])])]))),
})
export type AlignmentHint = z.infer<typeof AlignmentHint>

/** GET /status of a worker. Offsets are strings. */
export const WorkerStatus = z.object({
  formatVersion: z.literal(1),
  instanceId: z.string(),
  state: z.enum(['starting', 'waiting-for-record', 'waiting', 'joining', 'restoring', 'running', 'stopping', 'failed']),
  /** Why it is in this state, for humans. */
  reason: z.string(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  epoch: z.number().int().nullable(),
  codeHash: z.string(),
  generation: z.number().int().nullable(),
  memberId: z.string().nullable(),
  commits: z.number().int(),
  rewinds: z.number().int(),
  tasks: z.array(
    z.object({
      stage: z.string(),
      topic: z.string(),
      partition: z.number().int(),
      state: z.enum(['restoring', 'running']),
      /** Next offset to read, as of the last commit. */
      committedOffset: z.string().nullable(),
      position: z.string(),
      highWatermark: z.string().nullable(),
      lastStableOffset: z.string().nullable(),
      /** Of its partition, epoch ms; null before the first record. */
      watermark: z.number().nullable(),
      /** Of its partition: `idle`, read to its end and quiet; `stalled`, nobody knows what it has. Workers of an older version do not tell. */
      activity: z.enum(['active', 'idle', 'stalled']).default('active'),
      /** Since when, epoch ms; null: not known. */
      activitySince: z.number().nullable().default(null),
      /** Set while it has records that are not read on because others are too far behind: since when, epoch ms, and the furthest of them, as `stage/partition`. */
      heldBack: z.object({ since: z.number(), waitsFor: z.string() }).nullable().default(null),
      commitNumber: z.string(),
      stateRows: z.number().int(),
      /** When this worker took the task over, epoch ms. */
      since: z.number(),
    }),
  ),
  /** Copies of the state of tasks that others work on. */
  warm: z
    .array(
      z.object({
        stage: z.string(),
        partition: z.number().int(),
        /** Next offset of the changelog to read; null: it is not begun, or failed and will be begun again. */
        next: z.string().nullable(),
        /** Records between that and the changelog's end, open transactions included; null before the end is known. */
        lag: z.string().nullable(),
        /** Whether it is near enough to the end for the task to come here. */
        warm: z.boolean(),
      }),
    )
    .default([]),
})
export type WorkerStatus = z.infer<typeof WorkerStatus>

/** GET /plan of a planning pod, and the result of planning steps in process. */
export const PlanResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pending') }),
  z.object({
    kind: z.literal('planned'),
    formatVersion: z.literal(1),
    fingerprint: z.string().max(128),
    /** The plan as data: functions are their text. Bounded by the reader. */
    explain: z.string().max(65_536),
    stages: z
      .array(
        z.object({
          name: z.string().max(200),
          /** Null: it reads what the stages in `writers` send to it by key. */
          sourceTopic: z.string().max(249).nullable(),
          writers: z.array(z.string().max(200)).max(64).default([]),
          /** Of the record key in what it reads; null: not declared. */
          keyField: z.string().max(256).nullable(),
          stateful: z.boolean(),
          /** Whether its partitions wait for those that are too far behind; absent: no. */
          aligned: z.boolean().optional(),
          /** The topics that it writes and are not the job's own. */
          sinks: z
            .array(
              z.object({
                topic: z.string().max(249),
                /** Null: it must exist. */
                create: z.object({ partitions: z.number().int().min(1), replicationFactor: z.number().int() }).nullable(),
              }),
            )
            .max(256),
          /** The stages that its records go on to. */
          feeds: z.array(z.string().max(200)).max(64),
        }),
      )
      .max(64),
  }),
  z.object({
    kind: z.literal('invalid'),
    reason: z.enum(['TypeError', 'LoadError', 'PlanError', 'NotSupportedYet']),
    problems: z
      .array(
        z.object({
          file: z.string().max(1024).nullable(),
          line: z.number().int().nullable(),
          path: z.string().max(1024).nullable(),
          message: z.string().max(4096),
        }),
      )
      .max(100),
  }),
])
export type PlanResult = z.infer<typeof PlanResult>
