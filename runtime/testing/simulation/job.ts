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
  /** A model of one task before its first record. It shares nothing with the runtime. `stage`: 0 reads the source, each further one what the one before sends. */
  readonly model: (stage: number) => TaskModel
  /**
   * What the whole job must come to in the end, without regard to tasks and their order: of a job of several stages, where a task's model takes its input, and
   * the watermarks in it, as they come.
   */
  readonly whole?: (input: readonly (readonly ModelInput[])[], late: ReadonlySet<string>) => WholeResults
}

export interface InputRecord {
  readonly key: string
  readonly value: string
  /** Epoch ms. */
  readonly timestamp: number
}

/** A record as a model gets it. The value of one that another stage has sent is given as JSON. */
export interface ModelInput extends InputRecord {
  readonly partition: number
  readonly offset: number
}

export interface TaskModel {
  /** What comes out when this record is the next one that is committed. Of one key in the order given. */
  advance(record: ModelInput): readonly ModelOutput[]
  /** What comes out when the stages before promise that nothing up to here will follow. Needed behind a keyBy that sends records on. */
  rise?(watermark: number): readonly ModelOutput[]
  /** What it has come to promise to the next stage, epoch ms; -Infinity: nothing yet. Needed before a keyBy that sends records on. */
  readonly promised?: number
}

export type ModelOutput =
  | {
      /** Sink, or the topic of late records or of dead letters. */
      readonly to: 'sink' | 'late' | 'dead-letter'
      readonly key: string | null
      readonly value: string
    }
  | StageRecord

/** What goes on to the next stage. */
export interface StageRecord {
  readonly to: 'stage'
  readonly key: string
  /** As JSON. */
  readonly value: string
  readonly timestamp: number
  /** It was late at its source already: what was promised before it does not hold for it. */
  readonly tardy?: boolean
}

export interface WholeResults {
  /** What stands in the sink for each key, in this order. */
  readonly results: ReadonlyMap<string, readonly string[]>
  /** Values that must not be late behind a keyBy that sends records on. `late`, above, are those that were. */
  readonly punctual: ReadonlySet<string>
}
