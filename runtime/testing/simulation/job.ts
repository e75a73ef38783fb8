/** What a simulation runs: a job, its input, and a plain model of what must come out. */
import type { WorkerConfig } from '../../config.ts'
import type { Plan } from '../../plan/nodes.ts'
import type { Random } from '../time/random.ts'

export interface SimulatedJob {
  readonly name: string
  /** Made anew for each worker. A function of the program that calls `spend` takes so long, in virtual milliseconds, and holds its worker up. */
  readonly plan: (topics: { readonly source: string; readonly sink: string }, spend: (ms: number) => void) => Plan
  /** Wins over what the simulation chooses. */
  readonly processing?: Partial<WorkerConfig['processing']>
  /** The next record of the input; `now` is the virtual time of day, epoch ms. Its partition follows from its key, as Kafka's default partitioner has it. */
  readonly input: (random: Random, now: number) => InputRecord
  /** The last record of each partition, by which everything that is still open comes out. Its key is one of that partition. */
  readonly last: (key: string, now: number) => InputRecord
  /** A model of one task before its first record. It shares nothing with the runtime. */
  readonly model: () => TaskModel
}

export interface InputRecord {
  readonly key: string
  readonly value: string
  /** Epoch ms. */
  readonly timestamp: number
}

export interface TaskModel {
  /** What comes out when this record is the next one that is committed. Of one key in the order given. */
  advance(record: InputRecord & { readonly offset: number }): readonly ModelOutput[]
}

export interface ModelOutput {
  /** Sink, or the topic of late records or of dead letters. */
  readonly to: 'sink' | 'late' | 'dead-letter'
  readonly key: string | null
  readonly value: string
}
