/** The stages of the simulated job: what each reads and writes. */
import type { Plan } from '../../plan/nodes.ts'
import { maxDriftOf, stagesOf } from '../../plan/structure/stages.ts'
import { names, sourceTopicOf } from '../../protocol.ts'

export interface SimulatedStage {
  readonly name: string
  /** Null: it reads what the stage before it sends. */
  readonly sourceTopic: string | null
  readonly writers: readonly string[]
  /** Of the topic that it reads. */
  readonly partitions: number
  /** Whether its partitions wait for those that are too far behind. */
  readonly aligned: boolean
}

/** In their order, of which each but the last sends to the next. `shuffled`: partitions of the topics between them. */
export function simulatedStages(plan: Plan, partitions: number, shuffled: number): readonly SimulatedStage[] {
  return stagesOf(plan).map(({ name, source, transforms }) => ({
    name,
    aligned: maxDriftOf({ transforms }) !== null,
    sourceTopic: source.kind === 'source' ? source.topic : null,
    writers: source.kind === 'source' ? [] : source.writers,
    partitions: source.kind === 'source' ? partitions : shuffled,
  }))
}

/** The topics of a job by which its stages go on, with their partitions. */
export class StageTopics {
  readonly #applicationId: string
  readonly #stages: readonly SimulatedStage[]

  constructor(applicationId: string, stages: readonly SimulatedStage[]) {
    this.#applicationId = applicationId
    this.#stages = stages
  }

  input(stage: SimulatedStage, lineage: number): string {
    return sourceTopicOf(this.#applicationId, lineage, stage)
  }

  changelog({ name }: SimulatedStage, lineage: number): string {
    return names.changelogTopic(this.#applicationId, lineage, name)
  }

  /** What the job has made for itself: changelogs, and what stages send to each other. */
  own(lineage: number): readonly { readonly topic: string; readonly partitions: number }[] {
    return [...this.changelogs(lineage), ...this.between(lineage)]
  }

  changelogs(lineage: number): readonly { readonly topic: string; readonly partitions: number }[] {
    return this.#stages.map((stage) => ({ topic: this.changelog(stage, lineage), partitions: stage.partitions }))
  }

  /** What stages send to each other. */
  between(lineage: number): readonly { readonly topic: string; readonly partitions: number }[] {
    return this.#stages
      .filter(({ sourceTopic }) => sourceTopic === null)
      .map((stage) => ({ topic: this.input(stage, lineage), partitions: stage.partitions }))
  }
}
