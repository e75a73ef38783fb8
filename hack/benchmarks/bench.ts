/** The measure: one topic, drained again and again by fresh workers, each result checked. */
import { connectKafka } from '../../runtime/kafka/connect.ts'
import { connectAdmin } from '../../runtime/kafka/kafkajs/admin.ts'
import { silent } from '../../runtime/kafka/log.ts'
import { createLogger } from '../../runtime/log.ts'
import { daemon } from '../infra/daemon.ts'
import { brokerDown, brokerUp, type Broker } from '../infra/kafka/broker.ts'
import { step } from '../infra/progress.ts'
import { drain, type Drained } from './drain.ts'
import { orderJob } from './job.ts'
import { checkOutput } from './output.ts'
import { preload, type Preloaded } from './preload.ts'
import { demandProcessUsage, pin, separateCores } from './process-usage.ts'
import { WorkerProcess } from './worker.ts'

export interface BenchOptions {
  readonly records: number
  readonly repetitions: number
  /** Name -> checkout whose runtime is measured. Their runs take turns. */
  readonly variants: ReadonlyMap<string, string>
  /** Where CPU profiles of the workers go; null: none are made. */
  readonly profiles: string | null
  /** Use the broker and the bids of an earlier run that kept them, and keep them. */
  readonly keep: boolean
}

export interface Run extends Drained {
  readonly variant: string
}

export interface Measured {
  readonly runs: readonly Run[]
  readonly input: { readonly records: number; readonly valueBytes: number; readonly results: number }
  readonly cores: ReturnType<typeof separateCores>
}

const shape = { keys: 10_000, partitions: 4, windowMs: 10_000 } as const

/** Throws when a worker fails or a result is wrong: then there is nothing to report. The broker is gone afterwards unless it is kept. */
export async function bench(options: BenchOptions): Promise<Measured> {
  demandProcessUsage()
  const cores = separateCores()
  if (!options.keep) await brokerDown('bench')
  try {
    const broker = await brokerUp('bench')
    const brokerPid = daemon(broker.settings.directory, 'broker')?.pid ?? null
    if (cores !== null && brokerPid !== null) pin(brokerPid, cores.broker)
    const connection = { brokers: [broker.address] }
    await using kafka = connectKafka(connection, { clientId: 'bench', log: silent })
    await using admin = connectAdmin(connection, { clientId: 'bench', log: silent })
    const input = await step(`${options.records} bids`, () => preload(kafka, admin, { topic: 'bids', records: options.records, ...shape }))
    const runs: Run[] = []
    const started = Date.now()
    for (let repetition = 1; repetition <= options.repetitions; repetition++) {
      for (const [variant, checkout] of options.variants) {
        const name = `${variant}-${repetition}`
        // Kept brokers know the jobs of earlier runs.
        const applicationId = `bench.${started}.${name}`
        const measure = (): Promise<Drained> =>
          drainOnce({ name, applicationId, checkout, broker, brokerPid, input, core: cores?.worker ?? null, ...options })
        runs.push({ variant, ...(await step(`${variant}, run ${repetition}`, measure)) })
      }
    }
    return { runs, input: { records: input.records, valueBytes: input.valueBytes, results: input.totals.rows }, cores }
  } finally {
    if (!options.keep) await brokerDown('bench')
  }
}

interface RunOptions {
  readonly name: string
  readonly applicationId: string
  readonly checkout: string
  readonly broker: Broker
  readonly brokerPid: number | null
  readonly input: Preloaded
  readonly core: number | null
  readonly profiles: string | null
}

async function drainOnce({ name, applicationId, checkout, broker, brokerPid, input, core, profiles }: RunOptions): Promise<Drained> {
  const connection = { brokers: [broker.address] }
  const connect = (clientId: string): ReturnType<typeof connectKafka> => connectKafka(connection, { clientId, log: silent })
  await using admin = connectAdmin(connection, { clientId: 'bench', log: silent })
  const order = {
    applicationId,
    input: input.topic,
    partitions: shape.partitions,
    windowSeconds: shape.windowMs / 1_000,
    brokers: connection.brokers,
  }
  const job = await orderJob(order, { admin, connect, log: createLogger('error', {}) })
  const flags = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`]
  await using worker = await WorkerProcess.start({ checkout, job, core, flags })
  const drained = await drain(worker, input.records, brokerPid)
  // A profile is written when it ends.
  await worker.stop()
  await using kafka = connect('bench')
  const wrong = await checkOutput(kafka.reader, job.output, job.failed, input.totals)
  if (wrong !== null) throw new Error(`${applicationId}: the output is wrong: ${wrong}`)
  return drained
}
