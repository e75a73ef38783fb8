/**
 * What operator and workers must both know: names, the job record, the worker's status, what a planning pod answers.
 * Everything that is stored or crosses a process carries `formatVersion`; a release reads its own and the one before.
 */
import { z } from 'zod'

/** Names of all that a job owns in Kafka, each beginning with its applicationId. Parsed, never matched by prefix. */
export const names = {
  group: (applicationId: string): string => applicationId,
  jobTopic: (applicationId: string): string => `${applicationId}.job`,
  lateTopic: (applicationId: string): string => `${applicationId}.late`,
  deadLetterTopic: (applicationId: string): string => `${applicationId}.dlq`,
  changelogTopic: (applicationId: string, lineage: number, stage: string): string => `${applicationId}.changelog.${lineage}.${stage}`,
  workerTransactionalId: (applicationId: string, ordinal: number): string => `${applicationId}.worker.${ordinal}`,
  operatorTransactionalId: (applicationId: string): string => `${applicationId}.operator`,
} as const

/** Segments that an applicationId may not contain behind its first dot: with them, one job's topics could bear another's names. */
export const reservedSegments: readonly string[] = ['job', 'late', 'dlq', 'changelog', 'repartition', 'worker', 'operator']

export type OwnedTopic = { readonly kind: 'job' | 'late' | 'dlq' } | { readonly kind: 'changelog'; readonly lineage: number; readonly stage: string }

/** What a topic is to the job of this applicationId; null when it is not the job's. */
export function parseTopic(applicationId: string, topic: string): OwnedTopic | null {
  if (!topic.startsWith(`${applicationId}.`)) return null
  const rest = topic.slice(applicationId.length + 1)
  if (rest === 'job' || rest === 'late' || rest === 'dlq') return { kind: rest }
  const match = /^changelog\.(\d{1,15})\.(.+)$/.exec(rest)
  return match ? { kind: 'changelog', lineage: Number(match[1]), stage: match[2] ?? '' } : null
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
  tasks: z.array(z.object({ stage: z.string(), partition: z.number().int().min(0) })),
  /** Tasks that it shall keep copies of: standbys, and those that come to it (`moves`) once it is warm for them. */
  warm: z.array(z.object({ stage: z.string(), partition: z.number().int().min(0), moves: z.boolean() })).default([]),
  /** Instance ids of the group at this generation; only the leader sees them, so it passes them on. */
  members: z.array(z.string()),
})
export type MemberAssignment = z.infer<typeof MemberAssignment>

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
      /** Epoch ms; null before the first record. */
      watermark: z.number().nullable(),
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
          sourceTopic: z.string().max(249),
          keyField: z.string().max(256).nullable(),
          stateful: z.boolean(),
          sinkTopic: z.string().max(249),
          createSink: z.object({ partitions: z.number().int().min(1), replicationFactor: z.number().int() }).nullable(),
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
