/** A job of ours that is measured, and the orders under which a worker takes it up. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkerConfig, type KafkaConnection } from '../../../runtime/config.ts'
import { LocalJob } from '../../../runtime/dev/local-job.ts'
import { parseSteps } from '../../../runtime/dsl/steps.ts'
import type { KafkaAdmin } from '../../../runtime/kafka/admin.ts'
import type { KafkaClient } from '../../../runtime/kafka/client.ts'
import { readJobRecord, writeJobRecord } from '../../../runtime/kafka/job-topic.ts'
import type { Logger } from '../../../runtime/log.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { loadProgram } from '../../../runtime/program/load.ts'
import { names } from '../../../runtime/protocol.ts'
import type { JobRecord } from '../../../runtime/protocol.ts'
import type { Work } from '../cases.ts'
import type { Contender } from '../contenders.ts'
import { programOf } from './program.ts'

export interface OwnJob {
  readonly config: WorkerConfig
  readonly codeHash: string
  /** Where records go that could not be counted. */
  readonly failed: readonly string[]
}

export interface JobOptions {
  readonly applicationId: string
  readonly work: Work
  readonly contender: Contender
  readonly input: string
  readonly output: string
  readonly connection: KafkaConnection
  /** Of the run; programs that are modules are written into it. */
  readonly directory: string
}

export interface JobPlace {
  readonly admin: KafkaAdmin
  readonly connect: (clientId: string) => KafkaClient
  readonly log: Logger
}

/** Makes the job's own topics and the record that lets one worker work on it, as an operator would. */
export async function orderJob(options: JobOptions, place: JobPlace): Promise<OwnJob> {
  const { applicationId, connection, contender } = options
  const { program, plan } = await programIn({ ...options, variant: contender.variant })
  // What is left out has the value that a StreamJob has by default.
  const config = WorkerConfig.parse({
    formatVersion: 1,
    applicationId,
    program,
    kafka: connection,
    processing: {
      guarantee: contender.guarantee === 'exactly-once' ? 'ExactlyOnce' : 'AtLeastOnce',
      commitIntervalMs: contender.intervalMs,
    },
    errors: {},
  })
  const { codeHash } = await orderWorkers(config, plan, { parallelism: 1 }, place)
  return { config, codeHash, failed: [names.lateTopic(applicationId), names.deadLetterTopic(applicationId)] }
}

/** Makes what the job needs in Kafka, where it is missing, and writes the next record. Returns it. */
export async function orderWorkers(
  config: WorkerConfig,
  plan: Plan,
  order: Partial<JobRecord>,
  { admin, connect, log }: JobPlace,
): Promise<JobRecord> {
  const { applicationId } = config
  await using _prepared = await LocalJob.start({ name: applicationId, config, plan, admin, connect, log }, 0)
  await using kafka = connect(`${applicationId}-orders`)
  const { signal } = new AbortController()
  const former = await readJobRecord(kafka, applicationId, signal)
  if (former === null) throw new Error(`the job ${applicationId} has no record`)
  const record = { ...former, ...order, epoch: former.epoch + 1 }
  await writeJobRecord(kafka, applicationId, record, former.epoch, { now: Date.now(), signal })
  return record
}

export interface ProgramOptions extends Pick<JobOptions, 'work' | 'input' | 'output' | 'directory'> {
  readonly variant: Contender['variant']
}

/** The program of a case, as a worker is told of it, and its plan. */
export async function programIn({ work, variant, directory, ...topics }: ProgramOptions): Promise<{ program: WorkerConfig['program']; plan: Plan }> {
  const text = programOf(work, variant, topics)
  if (text.kind === 'steps') return { program: { kind: 'steps', steps: [...text.steps] }, plan: parseSteps(text.steps) }
  const path = join(directory, 'program.ts')
  await writeFile(path, text.text)
  return { program: { kind: 'module', path }, plan: await loadProgram(path) }
}
