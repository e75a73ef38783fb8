/**
 * The errors of the runtime, named by what happens next rather than by where they arose.
 * Every code stands once in this table and in runtime/docs/errors.md; a test compares the two.
 */

/** What the machine does after an error. */
export type Recovery =
  /** The same request may be sent again after a pause; nothing has changed. */
  | 'retry'
  /** The open commit is lost: abort, put state and positions back to the confirmed commit, go on. */
  | 'rewind'
  /** This process can't go on, a new one can: exit and let the kubelet start it again. */
  | 'restart'
  /** No retry will help: stop the job and tell a human. */
  | 'stop'

export const errorTable = {
  'kafka-unreachable': { recovery: 'retry', meaning: 'No broker answered.' },
  'kafka-retriable': { recovery: 'retry', meaning: 'A broker asked to try again (leader or coordinator moved, still loading).' },
  'kafka-protocol': { recovery: 'restart', meaning: 'A broker answered something this runtime does not understand.' },
  'kafka-authentication': {
    recovery: 'retry',
    meaning: 'The brokers refused the credentials, or their certificate is not trusted; all files are read again at every attempt.',
  },
  'kafka-authorization': { recovery: 'retry', meaning: 'The credentials lack a permission; the message names the operation and the resource.' },
  'topic-missing': { recovery: 'retry', meaning: 'A topic of the job does not exist; create it, or declare to.create.' },
  'topic-replaced': { recovery: 'stop', meaning: 'A topic was deleted and made again while positions in the old one were recorded.' },
  'partition-count-changed': {
    recovery: 'stop',
    meaning: 'A topic whose record key is the declared key got more partitions; keys have moved between them.',
  },
  'record-refused': { recovery: 'stop', meaning: 'A broker refused a record for good (too large, timestamp out of bounds, invalid).' },
  'transaction-lost': { recovery: 'rewind', meaning: 'A transaction failed or its outcome is unknown.' },
  'producer-fenced': { recovery: 'rewind', meaning: 'Another producer took over this transactional id.' },
  'member-fenced': { recovery: 'restart', meaning: 'Another process joined the group under this instance id.' },
  'membership-lost': { recovery: 'rewind', meaning: 'The group gave this member up; it joins again.' },
  'position-out-of-range': {
    recovery: 'stop',
    meaning: 'A committed position is no longer in the topic: records were deleted before they were read.',
  },
  'position-lost': { recovery: 'stop', meaning: 'A partition was read before, but neither the group nor the changelog knows how far.' },
  'position-mismatch': { recovery: 'stop', meaning: 'Group offset and changelog disagree on the last commit of a task.' },
  'changelog-corrupt': { recovery: 'stop', meaning: 'A changelog holds a row that this runtime cannot read.' },
  'record-failed': { recovery: 'stop', meaning: 'A record could not be processed and the policy for such records is Fail.' },
  'program-invalid': { recovery: 'stop', meaning: 'The program does not load, type-check or plan.' },
  'not-supported-yet': { recovery: 'stop', meaning: 'The program uses something this version does not carry out.' },
  'config-invalid': { recovery: 'stop', meaning: 'The configuration of the process is wrong; the message names the field.' },
  'code-mismatch': { recovery: 'stop', meaning: 'The program of this worker is not the one that the job record names.' },
  'identity-conflict': {
    recovery: 'stop',
    meaning: 'The job record in Kafka belongs to another StreamJob: one that was made again, or has the same applicationId.',
  },
  internal: { recovery: 'restart', meaning: 'A bug in streamjob. Please report it with the log.' },
} as const satisfies Record<string, { recovery: Recovery; meaning: string }>

export type ErrorCode = keyof typeof errorTable

/** An error of the runtime; `message` says what happened, where, and what to do. */
export class StreamJobError extends Error {
  override readonly name = 'StreamJobError'
  readonly code: ErrorCode
  /** Facts for the log: topic, partition, offset, the broker's own error code. */
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; fields?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fields = options.fields ?? {}
  }

  get recovery(): Recovery {
    return errorTable[this.code].recovery
  }
}

/** The recovery of anything that was thrown; what is not ours is a bug and restarts the worker. */
export function recoveryOf(error: unknown): Recovery {
  return error instanceof StreamJobError ? error.recovery : 'restart'
}
