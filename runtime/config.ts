/** The configuration of a worker: one JSON file that the operator (or `streamjob dev`) writes, parsed once at the start. */
import { z } from 'zod'
import { parseDuration } from '../crds/durations.ts'
import type { StreamJobSpec } from '../crds/streamjob.ts'
import { StreamJobError } from './errors.ts'

const milliseconds = z.number().int().min(0)

/** File paths of credentials; they are read again at each authentication, so a rotated secret needs no restart. */
export const KafkaConnection = z.object({
  brokers: z.array(z.string().min(1)).min(1),
  tls: z.object({ caFile: z.string().optional(), certFile: z.string().optional(), keyFile: z.string().optional() }).optional(),
  sasl: z.object({ mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']), usernameFile: z.string(), passwordFile: z.string() }).optional(),
})
export type KafkaConnection = z.infer<typeof KafkaConnection>

const Policy = z.enum(['DeadLetter', 'Fail', 'Skip'])

export const WorkerConfig = z.object({
  formatVersion: z.literal(1),
  applicationId: z.string().min(1),
  program: z.discriminatedUnion('kind', [
    /** `steps` exactly as in the StreamJob; parsed by runtime/dsl. */
    z.object({ kind: z.literal('steps'), steps: z.array(z.unknown()) }),
    z.object({ kind: z.literal('module'), path: z.string() }),
  ]),
  kafka: KafkaConnection,
  processing: z.object({
    guarantee: z.enum(['ExactlyOnce', 'AtLeastOnce']).default('ExactlyOnce'),
    commitIntervalMs: milliseconds.default(1_000),
    transactionTimeoutMs: milliseconds.default(30_000),
    sessionTimeoutMs: milliseconds.default(45_000),
    startFrom: z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('earliest') }),
        z.object({ kind: z.literal('latest') }),
        z.object({ kind: z.literal('timestamp'), timestamp: z.number() }),
      ])
      .default({ kind: 'earliest' }),
    maxFutureTimestampMs: milliseconds.default(3_600_000),
    /** After which a partition that is read to its end, and gets nothing new, is idle; a source may say otherwise. */
    idleTimeoutMs: milliseconds.default(30_000),
    /** Output leaves at most this long after it arose, inside the open transaction. */
    outputLingerMs: milliseconds.default(100),
  }),
  errors: z.object({
    undecodable: Policy.default('DeadLetter'),
    processing: Policy.default('DeadLetter'),
    late: Policy.default('DeadLetter'),
    /** null: `APPLICATIONID.late`. */
    lateTopic: z.string().nullable().default(null),
  }),
  state: z
    .object({
      /** Where the worker keeps local snapshots of its tasks; null: nowhere, every start reads the changelogs in full. */
      directory: z.string().min(1).nullable().default(null),
      /** Between two times that what was written there is made safe from a loss of power. */
      snapshotIntervalMs: milliseconds.default(60_000),
    })
    .prefault({}),
})
export type WorkerConfig = z.infer<typeof WorkerConfig>

/** The configuration in a file; `path` names it in the message. Throws `config-invalid` with every field that is wrong. */
export function parseWorkerConfig(text: string, path: string): WorkerConfig {
  const { success, data, error } = WorkerConfig.safeParse(jsonOf(text, path))
  if (success) return data
  const problems = error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; ')
  throw new StreamJobError('config-invalid', `${path} is not a worker configuration: ${problems}`)
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new StreamJobError('config-invalid', `${path} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** The configuration that a spec asks for, with what depends on where the workers run; all of it is parsed. Without `stateDirectory`: no local snapshots. */
export function workerConfigOf(
  { processing, errors, state }: Pick<StreamJobSpec, 'processing' | 'errors' | 'state'>,
  { stateDirectory, ...place }: Pick<WorkerConfig, 'applicationId' | 'program'> & { readonly kafka: object; readonly stateDirectory?: string },
): WorkerConfig {
  return WorkerConfig.parse({
    formatVersion: 1,
    ...place,
    state: { directory: stateDirectory ?? null, snapshotIntervalMs: parseDuration(state.snapshotInterval) },
    processing: {
      guarantee: processing.guarantee,
      commitIntervalMs: parseDuration(processing.commitInterval),
      transactionTimeoutMs: parseDuration(processing.transactionTimeout),
      sessionTimeoutMs: parseDuration(processing.sessionTimeout),
      startFrom: startFrom(processing),
      maxFutureTimestampMs: parseDuration(processing.maxFutureTimestamp),
      idleTimeoutMs: parseDuration(processing.idleTimeout),
    },
    errors: { undecodable: errors.undecodable, processing: errors.processing, late: errors.late, lateTopic: errors.lateTopic ?? null },
  })
}

function startFrom({ startFrom: from, startTimestamp }: StreamJobSpec['processing']): WorkerConfig['processing']['startFrom'] {
  switch (from) {
    case 'Earliest':
      return { kind: 'earliest' }
    case 'Latest':
      return { kind: 'latest' }
    case 'Timestamp':
      // The schema lets startFrom: Timestamp through only with a startTimestamp.
      return { kind: 'timestamp', timestamp: Date.parse(startTimestamp ?? '') }
  }
}

/** Ports of a pod: probes, metrics on one; status and plan on the other. */
export const ports = { http: 8080, control: 8081 } as const

/**
 * What Node gets before the program in a worker. Records come as memory outside of V8's heap, which is small: measured by the heap alone, V8 would collect all
 * of it after every 20 MB that were read (hack/adr/0005).
 */
export const nodeFlags = ['--initial-old-space-size=256'] as const

/** Where things are mounted in a pod. The program lies inside the package, so that it can import `streamjob`. */
export const paths = {
  app: '/app',
  config: '/app/job/config.json',
  program: '/app/job/program.ts',
  job: '/app/job',
  kafkaCa: '/etc/streamjob/kafka-ca',
  kafkaClient: '/etc/streamjob/kafka-client',
  kafkaUser: '/etc/streamjob/kafka-user',
  state: '/var/lib/streamjob',
} as const
