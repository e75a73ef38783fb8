/** One run: a fresh job of one contender over one case, drained and checked. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KafkaConnection } from '../../../runtime/config.ts'
import { recordTopic, topicsThere } from '../../../runtime/dev/topics.ts'
import { connectKafka } from '../../../runtime/kafka/connect.ts'
import { connectAdmin } from '../../../runtime/kafka/kafkajs/admin.ts'
import { silent } from '../../../runtime/kafka/log.ts'
import { systemTiming } from '../../../runtime/kafka/timing.ts'
import { createLogger } from '../../../runtime/log.ts'
import { isShuffled, type Work } from '../cases.ts'
import type { Contender } from '../contenders.ts'
import type { Preloaded } from '../input/preload.ts'
import { outOfOrdernessMs, type Oracle } from '../oracle/oracle.ts'
import { checkOutput } from '../oracle/read-output.ts'
import { orderJob } from '../ours/job.ts'
import { WorkerProcess } from '../ours/worker-process.ts'
import { PeerProcess } from '../peers/peer-process.ts'
import { drain, type Drained } from './drain.ts'
import type { Running } from './running.ts'
import { WithResults } from './with-results.ts'

export interface RunPlace {
  readonly connection: KafkaConnection
  readonly brokerPid: number | null
  /** Null: any. */
  readonly core: number | null
  /** Whose runtime runs, where it is ours. */
  readonly checkout: string
}

export interface RunOptions {
  /** Names topics and job of the run: never used before on these brokers. */
  readonly id: string
  readonly contender: Contender
  readonly work: Work
  readonly input: Preloaded & { readonly partitions: number }
  readonly oracle: Oracle
  /** Where the CPU profile goes, of ours; null: none is made. */
  readonly profile: { readonly directory: string; readonly name: string } | null
}

/** Throws when the system fails, or its output is not exactly right: then there is no result. */
export async function runOnce(options: RunOptions, place: RunPlace): Promise<Drained> {
  const { contender, input, oracle } = options
  const setUp = await prepare(options.id, input.partitions, place)
  try {
    const { running, failed } = await start({ ...options, ...setUp, records: input.records }, place)
    await using kafka = connectKafka(place.connection, { clientId: 'bench', log: silent })
    const results = { reader: kafka.reader, topic: setUp.output, partitions: input.partitions, expected: oracle.rows, records: input.records }
    // The others say themselves when everything is through.
    const whole = contender.system === 'streamjob' && isShuffled(options.work) ? new WithResults(running, results) : running
    let drained: Drained
    try {
      drained = await drain(whole, input.records, place)
      // A profile is written when it ends.
      await running.stop()
    } finally {
      await running[Symbol.asyncDispose]()
    }
    const wrong = await checkOutput(kafka.reader, setUp.output, failed, oracle)
    if (wrong !== null) throw new Error(`${contender.system}: the output is wrong: ${wrong}`)
    return drained
  } finally {
    await setUp.remove()
  }
}

/** Directory and topics of a run. */
export interface SetUp {
  readonly directory: string
  readonly output: string
  /** Stands beside the input and is empty: who can close windows with later records only, writes them there. */
  readonly flush: string
  readonly remove: () => Promise<void>
}

export async function prepare(id: string, partitions: number, { connection }: Pick<RunPlace, 'connection'>): Promise<SetUp> {
  const directory = await mkdtemp(join(tmpdir(), 'streamjob-bench-'))
  const [output, flush] = [`${id}.out`, `${id}.flush`]
  await using admin = connectAdmin(connection, { clientId: 'bench', log: silent })
  await using kafka = connectKafka(connection, { clientId: 'bench', log: silent })
  for (const topic of [output, flush]) await admin.createTopic(recordTopic(topic, partitions))
  await topicsThere(kafka.reader, [output, flush], systemTiming)
  const remove = async (): Promise<void> => {
    await using leaving = connectAdmin(connection, { clientId: 'bench', log: silent })
    await leaving.deleteTopics([output, flush])
    await rm(directory, { recursive: true, force: true })
  }
  return { directory, output, flush, remove }
}

export interface StartOptions extends Omit<RunOptions, 'oracle' | 'input'>, Omit<SetUp, 'remove'> {
  readonly input: { readonly topic: string; readonly partitions: number }
  /** How many it has to process; 0: as many as there come, until it is stopped. */
  readonly records: number
}

/** Starts the contender. `failed`: the topics that have to stay empty. */
export async function start(options: StartOptions, place: RunPlace): Promise<{ readonly running: Running; readonly failed: readonly string[] }> {
  const { id: applicationId, contender, work, input, output, flush, directory, records } = options
  const { connection, core, checkout } = place
  if (contender.system === 'streamjob') {
    await using admin = connectAdmin(connection, { clientId: 'bench', log: silent })
    const job = await orderJob(
      { applicationId, work, contender, input: input.topic, output, connection, directory },
      {
        admin,
        connect: (clientId) => connectKafka(connection, { clientId, log: silent }),
        log: createLogger('error', {}),
      },
    )
    const flags = profileFlags(options.profile)
    return { running: await WorkerProcess.start({ checkout, job, input: input.topic, records, core, flags, directory }), failed: job.failed }
  }
  const { guarantee, intervalMs } = contender
  const request = {
    brokers: connection.brokers.join(','),
    input: input.topic,
    output,
    flush,
    partitions: input.partitions,
    total: records,
    case: work.kind === 'pass-through' || work.kind === 'filter-map' ? work : { ...work, outOfOrdernessMs },
    guarantee,
    intervalMs,
    store: contender.variant === 'disk' ? ('disk' as const) : ('memory' as const),
    directory,
    applicationId,
  }
  return { running: await PeerProcess.start({ system: contender.system, request, core, directory }), failed: [] }
}

const profileFlags = (profile: RunOptions['profile']): readonly string[] =>
  profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile.directory}`, `--cpu-prof-name=${profile.name}.cpuprofile`]
