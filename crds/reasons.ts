/** Every reason that a condition can carry: where it appears, what happens next, what it means. */
import type { ConditionType } from './conditions.ts'

/**
 * What happens next. `settled`: nothing, this is how it should be. `waiting`: it goes on by itself, look again. `failing`: tried again with
 * backoff, and cleared by itself once the cause is gone. `stalled`: a human must change something first.
 */
export type Outcome = 'settled' | 'waiting' | 'failing' | 'stalled'

export const reasonTable = {
  // The job as a whole
  Running: { outcome: 'settled', on: ['Ready'], meaning: 'Every worker that is wanted processes.' },
  ScaledToZero: { outcome: 'settled', on: ['Ready', 'WorkersReady'], meaning: 'No worker is wanted at the moment.' },
  Reconciling: { outcome: 'waiting', on: ['Ready'], meaning: 'The operator has seen the resource and has begun.' },
  SpecInvalid: {
    outcome: 'stalled',
    on: ['Ready'],
    meaning: 'The spec breaks a rule that the API server did not enforce; the message names the field.',
  },
  Deleting: { outcome: 'waiting', on: ['Ready'], meaning: 'The job is being taken down.' },
  VolumeNotGrown: {
    outcome: 'failing',
    on: ['Ready'],
    meaning: 'The API server does not let a volume grow; the message says why. The workers go on with the volumes that they have.',
  },
  DeletionDeadlineExceeded: {
    outcome: 'settled',
    on: ['Ready'],
    meaning: 'The resource was let go before everything in Kafka was removed; an event lists what is left.',
  },
  OperatorError: { outcome: 'failing', on: ['Ready'], meaning: 'The operator met an error that it did not expect; please report the message.' },

  // Program
  Planning: { outcome: 'waiting', on: ['ProgramValid'], meaning: 'The program is being planned.' },
  Planned: { outcome: 'settled', on: ['ProgramValid'], meaning: 'The program is valid.' },
  TypeError: { outcome: 'stalled', on: ['ProgramValid'], meaning: 'The program does not type-check; the message has file, line and text.' },
  LoadError: { outcome: 'stalled', on: ['ProgramValid'], meaning: 'The module throws while it is loaded, or its default export is no plan.' },
  PlanError: { outcome: 'stalled', on: ['ProgramValid'], meaning: 'The steps or the plan are wrong; the message names the step.' },
  NotSupportedYet: {
    outcome: 'stalled',
    on: ['ProgramValid', 'WorkersReady'],
    meaning: 'The resource or its program asks for something that this version does not carry out.',
  },
  PlanningFailed: { outcome: 'failing', on: ['ProgramValid'], meaning: 'The planning pod ended without an answer.' },
  PlanningTimedOut: { outcome: 'failing', on: ['ProgramValid'], meaning: 'The planning pod did not answer in time.' },
  ProgramMissing: { outcome: 'failing', on: ['ProgramValid'], meaning: 'The ConfigMap of the program, or its key, does not exist.' },
  ImagePullFailed: { outcome: 'failing', on: ['ProgramValid', 'WorkersReady'], meaning: 'An image can not be pulled.' },

  // Kafka and topics
  TopicsPresent: { outcome: 'settled', on: ['TopicsReady'], meaning: 'Every topic is there.' },
  CreatingTopics: { outcome: 'waiting', on: ['TopicsReady'], meaning: 'Topics are being made.' },
  SecretMissing: {
    outcome: 'failing',
    on: ['TopicsReady', 'WorkersReady'],
    meaning: 'A Secret that the spec names, or a key of it, does not exist.',
  },
  TopicMissing: {
    outcome: 'failing',
    on: ['TopicsReady', 'WorkersReady'],
    meaning: 'A topic of the program does not exist; create it or declare to.create.',
  },
  TopicReplaced: {
    outcome: 'stalled',
    on: ['TopicsReady', 'WorkersReady'],
    meaning: 'A topic was deleted and made again while positions in the old one are recorded.',
  },
  PartitionCountChanged: {
    outcome: 'stalled',
    on: ['TopicsReady', 'WorkersReady'],
    meaning: 'A topic with a declared key has other partitions than before; keys have moved.',
  },
  KafkaUnreachable: { outcome: 'failing', on: ['TopicsReady', 'WorkersReady'], meaning: 'No broker answers.' },
  KafkaRetriable: { outcome: 'failing', on: ['TopicsReady', 'WorkersReady'], meaning: 'The brokers ask to try again.' },
  KafkaAuthentication: {
    outcome: 'failing',
    on: ['TopicsReady', 'WorkersReady'],
    meaning: 'The brokers refuse the credentials, or their certificate is not trusted.',
  },
  KafkaAuthorization: {
    outcome: 'failing',
    on: ['TopicsReady', 'WorkersReady'],
    meaning: 'The credentials lack a permission; the message names it.',
  },
  KafkaProtocol: { outcome: 'failing', on: ['TopicsReady', 'WorkersReady'], meaning: 'A broker answers something unknown.' },

  // Identity
  IdentityConfirmed: { outcome: 'settled', on: ['IdentityConflict'], meaning: 'What is found in Kafka belongs to this resource.' },
  IdentityUnknown: { outcome: 'waiting', on: ['IdentityConflict'], meaning: 'The job record could not be read yet.' },
  ResourceReplaced: {
    outcome: 'stalled',
    on: ['IdentityConflict'],
    meaning: 'The job record names the uid of another StreamJob; adoption needs the annotation streamjob.dev/adopt.',
  },
  KubernetesClusterChanged: { outcome: 'stalled', on: ['IdentityConflict'], meaning: 'The job record was written from another Kubernetes cluster.' },
  KafkaClusterChanged: { outcome: 'stalled', on: ['IdentityConflict'], meaning: 'The brokers belong to another Kafka cluster than before.' },
  ClaimedByAnother: { outcome: 'stalled', on: ['IdentityConflict'], meaning: 'Another operator manages this resource.' },

  // Workers
  WorkersRunning: { outcome: 'settled', on: ['WorkersReady'], meaning: 'As many workers as wanted process.' },
  WorkersStarting: { outcome: 'waiting', on: ['WorkersReady', 'Upgrading'], meaning: 'Workers start, join or restore.' },
  WorkersStopping: { outcome: 'waiting', on: ['WorkersReady', 'Upgrading'], meaning: 'Workers commit and stop.' },
  WorkersUnhealthy: { outcome: 'failing', on: ['WorkersReady'], meaning: 'Workers run but are not ready; the message names them and their reason.' },
  WorkersCrashing: { outcome: 'failing', on: ['WorkersReady'], meaning: 'Workers end again and again; the message has the last words of one.' },
  PodsUnschedulable: { outcome: 'failing', on: ['WorkersReady'], meaning: 'No node takes a pod; the message is that of the scheduler.' },
  WaitingForVolume: {
    outcome: 'failing',
    on: ['WorkersReady'],
    meaning: 'The claim of a worker has no volume; the message names it and its StorageClass.',
  },
  NodeLost: {
    outcome: 'failing',
    on: ['WorkersReady'],
    meaning: 'A pod is being deleted and its node does not confirm it; the message names both, and what to do.',
  },
  PodsRefused: { outcome: 'failing', on: ['WorkersReady'], meaning: 'The API server refuses pods or claims: quota, admission, security policy.' },
  MemberFenced: { outcome: 'failing', on: ['WorkersReady'], meaning: 'Another process joined the group under the name of a worker.' },
  MembershipLost: { outcome: 'failing', on: ['WorkersReady'], meaning: 'The group gave a worker up; it joins again.' },
  TransactionLost: { outcome: 'failing', on: ['WorkersReady'], meaning: 'A transaction failed; the worker goes back to the confirmed commit.' },
  ProducerFenced: { outcome: 'failing', on: ['WorkersReady'], meaning: 'Another producer took over a transactional id of the job.' },
  RecordRefused: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'A broker refuses a record for good.' },
  RecordFailed: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'A record can not be processed and the policy is Fail.' },
  PositionOutOfRange: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'Records were deleted from a topic before they were read.' },
  PositionLost: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'Nobody knows how far a partition was read.' },
  PositionMismatch: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'Group offset and changelog disagree on the last commit.' },
  ChangelogCorrupt: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'A changelog holds a row that the runtime can not read.' },
  ProgramInvalid: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'The program does not load in a worker although it was planned.' },
  ConfigInvalid: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'A worker refuses its configuration; operator and runtime do not fit.' },
  IdentityConflict: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'The job record in Kafka belongs to another StreamJob than the worker.' },
  CodeMismatch: { outcome: 'stalled', on: ['WorkersReady'], meaning: 'A worker has another program than the job record names.' },
  Internal: { outcome: 'failing', on: ['WorkersReady'], meaning: 'A worker met a bug in streamjob; please report it.' },

  // State
  StartedFresh: { outcome: 'settled', on: ['Restored'], meaning: 'The job began without state.' },
  RestoredFromChangelog: { outcome: 'settled', on: ['Restored'], meaning: 'State and positions go on where they were.' },
  RestoredFromSavepoint: { outcome: 'settled', on: ['Restored'], meaning: 'State and positions come from a savepoint.' },
  Restoring: { outcome: 'waiting', on: ['Restored'], meaning: 'State is being read.' },
  RestoreFailed: { outcome: 'failing', on: ['Restored'], meaning: 'State could not be read; the message says why.' },
  SavepointMissing: { outcome: 'failing', on: ['Restored'], meaning: 'The Savepoint that restore names does not exist or is not ready.' },
  SavepointIncompatible: {
    outcome: 'stalled',
    on: ['Restored', 'ProgramValid'],
    meaning: 'The program can not take over the state; the message lists every mismatch.',
  },

  // Measurements
  WithinTarget: { outcome: 'settled', on: ['DelayWithinTarget'], meaning: 'The delay is as wanted.' },
  DelayExceeded: { outcome: 'failing', on: ['DelayWithinTarget'], meaning: 'The oldest unread record is older than wanted.' },
  Advancing: { outcome: 'settled', on: ['WatermarkAdvancing'], meaning: 'Event time moves on.' },
  InputsIdle: { outcome: 'settled', on: ['WatermarkAdvancing'], meaning: 'All inputs are read to their end and nothing new comes.' },
  WatermarkStalled: {
    outcome: 'failing',
    on: ['WatermarkAdvancing'],
    meaning: 'Records come but event time stands; the message names the partition that holds it.',
  },
  NotMeasured: {
    outcome: 'waiting',
    on: ['DelayWithinTarget', 'WatermarkAdvancing', 'AutoscalingActive'],
    meaning: 'There is no measurement yet, or it is too old.',
  },

  // Operations
  AtSize: { outcome: 'settled', on: ['Rescaling'], meaning: 'The job has the wanted size.' },
  ScalingUp: { outcome: 'waiting', on: ['Rescaling'], meaning: 'Workers are added and tasks move to them.' },
  ScalingDown: { outcome: 'waiting', on: ['Rescaling'], meaning: 'Tasks move away and workers are evicted.' },
  RescaleFailed: {
    outcome: 'failing',
    on: ['Rescaling'],
    meaning: 'The rescale did not end in time; the job runs at the size that the message names.',
  },
  UpToDate: { outcome: 'settled', on: ['Upgrading'], meaning: 'The job runs the program of the spec.' },
  TakingSavepoint: { outcome: 'waiting', on: ['Upgrading', 'Rescaling', 'Suspended'], meaning: 'A savepoint is taken first.' },
  OnTrial: { outcome: 'waiting', on: ['Upgrading'], meaning: 'The new program processes without committing until it is seen healthy.' },
  RollingBack: { outcome: 'waiting', on: ['Upgrading'], meaning: 'The job goes back to the program before.' },
  RolledBack: { outcome: 'stalled', on: ['Upgrading'], meaning: 'The new program was not healthy; the one before runs again.' },
  UpgradeFailed: { outcome: 'stalled', on: ['Upgrading'], meaning: 'The new program is not healthy and going back would repeat outputs.' },
  TransactionsClosed: { outcome: 'settled', on: ['TransactionsResolved'], meaning: 'No worker that is gone has an open transaction.' },
  ResolvingTransactions: { outcome: 'waiting', on: ['TransactionsResolved'], meaning: 'Transactions of workers that are gone are being aborted.' },
  TransactionsOpen: { outcome: 'failing', on: ['TransactionsResolved'], meaning: 'A transaction could not be aborted; the message names it.' },
  AutoscalingDisabled: { outcome: 'settled', on: ['AutoscalingActive'], meaning: 'spec.parallelism is the size.' },
  AutoscalingEnabled: { outcome: 'settled', on: ['AutoscalingActive'], meaning: 'status.autoscaler has the decision.' },
  DryRun: { outcome: 'settled', on: ['AutoscalingActive'], meaning: 'Decisions are shown and not carried out.' },
  NotSuspended: { outcome: 'settled', on: ['Suspended'], meaning: 'The job is meant to run.' },
  Suspending: { outcome: 'waiting', on: ['Suspended'], meaning: 'Workers commit and stop.' },
  SuspendedByUser: { outcome: 'settled', on: ['Suspended', 'Ready'], meaning: 'spec.suspend is true and all workers have stopped.' },
} as const satisfies Record<string, { outcome: Outcome; on: readonly ConditionType[]; meaning: string }>
export type Reason = keyof typeof reasonTable

/** Reasons of a Savepoint's Ready. */
export const savepointReasonTable = {
  Completed: { outcome: 'settled', meaning: 'The savepoint is complete.' },
  Pending: { outcome: 'waiting', meaning: 'It waits for another operation of the job to end.' },
  Draining: { outcome: 'waiting', meaning: 'What is in flight is being processed.' },
  Writing: { outcome: 'waiting', meaning: 'Workers write their files.' },
  JobMissing: { outcome: 'failing', meaning: 'The StreamJob does not exist.' },
  JobNotRunning: { outcome: 'failing', meaning: 'The StreamJob does not run.' },
  StorageNotConfigured: { outcome: 'stalled', meaning: 'The StreamJob has no savepoints.storage.' },
  StorageUnreachable: { outcome: 'failing', meaning: 'The storage does not answer or refuses.' },
  FilesMissing: { outcome: 'stalled', meaning: 'Files that the manifest names are gone or damaged.' },
  SavepointFailed: { outcome: 'stalled', meaning: 'It could not be taken; the message says why.' },
  Deleting: { outcome: 'waiting', meaning: 'Its files are being removed.' },
  NotSupportedYet: { outcome: 'stalled', meaning: 'This version does not take savepoints.' },
} as const satisfies Record<string, { outcome: Outcome; meaning: string }>
export type SavepointReason = keyof typeof savepointReasonTable

/** The reason for an error code of the runtime: `position-lost` is PositionLost. An unknown code, of a newer worker, is Internal. */
export function reasonOfErrorCode(code: string): Reason {
  const name = code.replace(/(^|-)([a-z])/g, (_, _dash: string, letter: string) => letter.toUpperCase())
  return Object.hasOwn(reasonTable, name) ? (name as Reason) : 'Internal'
}
