/** A job whose workers are processes of this machine, under load: what the scenarios disturb. */
import type { ExecutionContext } from 'ava'
import { readJobRecord, writeJobRecord } from '../../runtime/kafka/job-topic.ts'
import { names } from '../../runtime/protocol.ts'
import type { WorkerStatus } from '../../runtime/protocol.ts'
import { eventually } from '../support/eventually.ts'
import { JobRun, countSteps } from '../support/job-run.ts'
import { OpenTransactions } from '../support/transactions.ts'
import { Pod } from '../support/pod.ts'
import { Load } from './load.ts'

export interface FaultJobOptions {
  readonly brokers: readonly string[]
  /** `copy`: every record as it is; `count`: count and sum per customer and second. */
  readonly program: 'copy' | 'count'
  readonly partitions: number
  readonly processing?: object
  readonly recordsPerSecond?: number
}

export class FaultJob {
  readonly run: JobRun
  readonly pods = new Map<number, Pod>()
  readonly load: Load
  readonly options: FaultJobOptions
  readonly #t: ExecutionContext
  #codeHash = ''
  #transactions: readonly OpenTransactions[]

  private constructor(t: ExecutionContext, run: JobRun, options: FaultJobOptions) {
    this.#t = t
    this.run = run
    this.options = options
    const { brokers, partitions, recordsPerSecond = 500 } = options
    this.load = new Load({ brokers, topic: run.input, partitions, recordsPerSecond })
    this.#transactions = brokers.map((broker) => new OpenTransactions(broker))
    t.teardown(async () => {
      await this.load[Symbol.asyncDispose]()
      for (const transactions of this.#transactions) await transactions[Symbol.asyncDispose]()
    })
  }

  /** Topics and workers are there, the load runs, and the work is shared out. */
  static async start(t: ExecutionContext, options: FaultJobOptions, parallelism: number): Promise<FaultJob> {
    const { brokers, partitions, processing, program } = options
    const steps = program === 'count' ? countSteps : copySteps
    const timing = { transactionTimeoutMs: 4_000, sessionTimeoutMs: 5_000, outputLingerMs: 5, ...processing }
    const run = await new JobRun(t, { brokers, partitions, steps, processing: timing }).createTopics()
    await run.start(0)
    const job = new FaultJob(t, run, options)
    await job.scale(parallelism)
    await job.shared()
    return job
  }

  /** The next job record; workers that are missing are started, those beyond are ended once they have nothing left. */
  async scale(parallelism: number): Promise<void> {
    const { kafka, applicationId } = this.run
    const signal = AbortSignal.timeout(60_000)
    const record = await readJobRecord(kafka, applicationId, signal)
    if (record === null) throw new Error('the job has no record')
    this.#codeHash = record.codeHash
    await writeJobRecord(kafka, applicationId, { ...record, parallelism, epoch: record.epoch + 1 }, record.epoch, { now: Date.now(), signal })
    for (let ordinal = 0; ordinal < parallelism; ordinal++) if (!this.pods.has(ordinal)) await this.add(ordinal)
    for (const ordinal of [...this.pods.keys()].filter((one) => one >= parallelism)) {
      await eventually(async () => (await this.pods.get(ordinal)!.status()).tasks.length === 0, { what: `Worker ${ordinal} without tasks` })
      await this.pods.get(ordinal)!.end('SIGTERM')
      this.pods.delete(ordinal)
    }
  }

  async add(ordinal: number): Promise<void> {
    const pod = await Pod.of(this.#t, this.run.config, { STREAMJOB_CODE_HASH: this.#codeHash, POD_NAME: `worker-${ordinal}` })
    this.pods.set(ordinal, pod.start())
  }

  pod(ordinal: number): Pod {
    const pod = this.pods.get(ordinal)
    if (pod === undefined) throw new Error(`there is no worker ${ordinal}`)
    return pod
  }

  /** Of the workers that answer; the others may be held or gone. */
  async statuses(): Promise<readonly WorkerStatus[]> {
    const answers = await Promise.allSettled([...this.pods.values()].map((pod) => pod.status()))
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  }

  /** Until every worker there is runs, in one generation, and each task has exactly one owner; the numbers of tasks differ by one at most. */
  async shared(): Promise<readonly WorkerStatus[]> {
    const look = async (): Promise<readonly WorkerStatus[] | null> => {
      const all = await this.statuses()
      const counts = all.map(({ tasks }) => tasks.length)
      const owned = all.flatMap(({ tasks }) => tasks.map(({ partition }) => partition)).toSorted((a, b) => a - b)
      const whole = owned.length === this.options.partitions && new Set(owned).size === owned.length
      const even = Math.max(...counts) - Math.min(...counts) <= 1
      const together = new Set(all.map(({ generation }) => generation)).size === 1 && all.every(({ state }) => state === 'running')
      return all.length === this.pods.size && whole && even && together ? all : null
    }
    return eventually(look, { timeoutMs: 60_000, what: 'Work that is shared out' })
  }

  /** Until the group has committed so many records more than now. */
  async progressed(records: number): Promise<void> {
    const from = await this.committedRecords()
    await eventually(async () => (await this.committedRecords()) >= from + records, { timeoutMs: 60_000, what: `Progress by ${records} records` })
  }

  async committedRecords(): Promise<number> {
    return [...(await this.run.committed()).values()].reduce((sum, offset) => sum + Math.max(0, offset), 0)
  }

  /** Until the worker has a transaction open at the brokers. */
  async transactionOpen(ordinal: number): Promise<void> {
    await eventually(() => this.hasOpenTransaction(ordinal), { what: `An open transaction of worker ${ordinal}` })
  }

  /**
   * Holds the worker where it has a transaction open: nothing that it has asked for can end that any more.
   * @param found What has to be seen of it besides; false: it goes on until there is.
   */
  async holdInTransaction<A = true>(ordinal: number, found?: () => Promise<A | false>): Promise<A> {
    const caught = async (): Promise<{ readonly seen: A } | null> => {
      await this.transactionOpen(ordinal)
      this.pod(ordinal).hold(true)
      // Twice: what was under way when it was held has been carried out before the second answer.
      const open = (await this.hasOpenTransaction(ordinal)) && (await this.hasOpenTransaction(ordinal))
      const seen = open && (found === undefined ? (true as A) : await found())
      if (seen !== false) return { seen }
      this.pod(ordinal).hold(false)
      return null
    }
    return (await eventually(caught, { what: `Worker ${ordinal} held in a transaction` })).seen
  }

  async hasOpenTransaction(ordinal: number): Promise<boolean> {
    return (await this.openTransactions()).has(names.workerTransactionalId(this.run.applicationId, ordinal))
  }

  /** Of this job, as its brokers that answer say. */
  async openTransactions(): Promise<ReadonlySet<string>> {
    const lists = await Promise.allSettled(this.#transactions.map((transactions) => transactions.list()))
    const ids = lists.flatMap((list) => (list.status === 'fulfilled' ? [...list.value] : []))
    return new Set(ids.filter((id) => id.startsWith(`${this.run.applicationId}.`)))
  }

  /** Ends the load, lets the workers do all that is there, and ends them. */
  async finish(): Promise<void> {
    await this.load.stop()
    await this.run.drained(60_000)
    for (const [ordinal, pod] of this.pods) {
      const { code } = await pod.end('SIGTERM')
      this.#t.is(code, 0, `worker ${ordinal} ended with ${await pod.output}`)
    }
  }
}

function copySteps(input: string, output: string): readonly object[] {
  const schema = { customer: 'string', amount: 'integer', at: 'integer' }
  return [{ from: { topic: input, key: 'customer', format: 'json', schema } }, { to: { topic: output, format: 'json' } }]
}
