/** One look at one StreamJob: what the steps of a reconcile share. */
import type { StreamJob } from '../../crds/streamjob.ts'
import type { Operation, StreamJobStatus } from '../../crds/streamjob-status.ts'
import type { TopicDescription } from '../../runtime/kafka/client.ts'
import type { JobRecord, PlanResult, WorkerStatus } from '../../runtime/protocol.ts'
import type { Clock } from '../clock.ts'
import type { JobKafka } from '../kafka/job-kafka.ts'
import type { KafkaAccess } from '../kafka/credentials.ts'
import type { Applier } from '../kube/apply.ts'
import type { KubeClient } from '../kube/client.ts'
import type { EventRecorder } from '../kube/events.ts'
import type { KubeObject, Pod, Resource, StatefulSet, Stored } from '../kube/resources.ts'
import { resource } from '../kube/resources.ts'
import type { Log } from '../log.ts'
import type { OperatorLocation } from '../resources/network-policy.ts'
import type { Owner } from '../resources/object.ts'
import type { ProgramSource, Release } from '../resources/release.ts'
import type { Finding, StepEnd } from './status/finding.ts'
import type { Memory } from './memory.ts'

/** A StreamJob as it is stored, not yet parsed. */
export type StoredJob = Stored<KubeObject & { readonly spec?: unknown; readonly status?: StreamJobStatus }>
export const streamJobs: Resource<KubeObject & { readonly spec?: unknown; readonly status?: StreamJobStatus }> = resource(
  'streamjob.dev',
  'v1alpha1',
  'streamjobs',
  'StreamJob',
)

/** What the reconciler needs of the world; made once by main. */
export interface World {
  readonly kube: KubeClient
  readonly connectKafka: (access: KafkaAccess, applicationId: string, clock: Clock, signal: AbortSignal) => JobKafka
  readonly planSteps: (steps: readonly unknown[]) => PlanResult
  readonly pods: PodClient
  readonly events: Pick<EventRecorder, 'record'>
  readonly applier: Applier
  readonly clock: Clock
  readonly random: () => number
  readonly memory: Memory
  readonly settings: Settings
}

/** What an installation of the operator is set to. */
export interface Settings {
  /** Names this installation; a job that another one has claimed is left alone. */
  readonly operatorId: string
  /** The image of workers whose program brings none. */
  readonly runtimeImage: string
  /** UID of the kube-system namespace: the identity of the cluster. */
  readonly kubernetesCluster: string
  readonly location: OperatorLocation
}

/** Questions to the pods of a job, over their control port. Null: no answer, or none that can be read. */
export interface PodClient {
  plan(podIp: string, signal: AbortSignal): Promise<PlanResult | null>
  status(podIp: string, signal: AbortSignal): Promise<WorkerStatus | null>
}

/** What the visit has learnt so far. A step that needs a fact stands behind the one that finds it. */
export interface Facts {
  statefulSet: Stored<StatefulSet> | null
  /** Of workers and planners. */
  pods: readonly Stored<Pod>[]
  /** What the StatefulSet runs, or would run; null before the first start. */
  current: Release | null
  program: { readonly source: ProgramSource; readonly hash: string; readonly codeHash: string } | null
  /** What the spec asks for, planned; the current one where the spec's own can't be planned. */
  wanted: Release | null
  /** What the spec asks for by now, planned, while the operation under way was begun for another. */
  newer: Release | null
  /** What the operation under way was begun for; null: none, or nothing that is still stored. */
  begunFor: Release | null
  record: JobRecord | null
  kafkaCluster: string
  topics: ReadonlyMap<string, TopicDescription>
}

export interface Visit {
  readonly job: StreamJob
  /** As it is stored, for events and for writes; the newest version that this visit has written. */
  stored: StoredJob
  readonly owner: Owner
  readonly applicationId: string
  readonly world: World
  readonly log: Log
  readonly signal: AbortSignal
  readonly facts: Partial<Facts>
  /** What is known of the conditions so far; the newest finding of a type counts. */
  readonly findings: Map<Finding['type'], Finding>
  /** The connection to the job's brokers, once the step `connect` has made it. */
  kafka: JobKafka | null
  readonly operation: Operation | undefined
  /** Writes the operation and its step ahead of what it does; undefined: it has ended. */
  saveOperation(operation: Operation | undefined): Promise<void>
}

/** One step of a visit. What it throws is tried again with growing pauses. */
export interface Step {
  readonly name: string
  run(visit: Visit): Promise<StepEnd>
}

/** A fact that an earlier step has found. */
export function known<Name extends keyof Facts>(visit: Visit, name: Name): Facts[Name] {
  const fact = visit.facts[name]
  if (fact === undefined) throw new Error(`no step before has found out: ${name}`)
  return fact as Facts[Name]
}

/** The workers that the StatefulSet is to have, or would have were it not being made anew; null: there is none. */
export function replicasOf({ facts, operation }: Visit): number | null {
  if (facts.statefulSet != null) return facts.statefulSet.spec?.replicas ?? 1
  return operation?.kind === 'GrowVolumes' ? (operation.to ?? null) : null
}

export function found(visit: Visit, ...findings: readonly Finding[]): void {
  for (const finding of findings) visit.findings.set(finding.type, finding)
}

export function place(visit: Visit, name: string): { readonly namespace: string; readonly name: string } {
  return { namespace: visit.owner.namespace, name }
}
