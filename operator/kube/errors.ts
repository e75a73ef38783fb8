/** A call to the API server that failed. Carries no body and no header: it may be logged whole. */
export class KubeError extends Error {
  override readonly name = 'KubeError'
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** The reason of the Status object (`NotFound`, `Conflict`, `Invalid`, ...), or `Unreachable`, `Timeout`, `BadAnswer` of our own. */
  readonly reason: string
  /** What the server asked us to wait before another try; null when it did not ask. */
  readonly retryAfterMs: number | null
  /** Which fields are wrong or in conflict, at most twenty. */
  readonly causes: readonly KubeErrorCause[]

  constructor(call: string, facts: KubeErrorFacts) {
    super(
      `${call}: ${facts.status === 0 ? '' : `${facts.status} `}${facts.reason}: ${facts.message.slice(0, 1_024)}`,
      facts.cause === undefined ? undefined : { cause: facts.cause },
    )
    this.status = facts.status
    this.reason = facts.reason
    this.retryAfterMs = facts.retryAfterMs ?? null
    this.causes = facts.causes ?? []
  }
}

export interface KubeErrorFacts {
  readonly status: number
  readonly reason: string
  readonly message: string
  readonly retryAfterMs?: number | null
  readonly causes?: readonly KubeErrorCause[]
  readonly cause?: unknown
}

/** One entry of `details.causes`: of an apply conflict, `reason` is FieldManagerConflict and the message names the other manager. */
export interface KubeErrorCause {
  readonly reason: string
  readonly field: string
  readonly message: string
}

/** The object, or the namespace or kind it would stand in, does not exist. */
export const isNotFound = (error: unknown): error is KubeError => error instanceof KubeError && error.status === 404
/** Somebody else wrote first (resourceVersion, preconditions), owns a field of an apply, or the object is another incarnation than the uid says. */
export const isConflict = (error: unknown): error is KubeError =>
  error instanceof KubeError && ((error.status === 409 && error.reason === 'Conflict') || isOtherIncarnation(error))
/** A create met an object of that name. */
export const isAlreadyExists = (error: unknown): error is KubeError => error instanceof KubeError && error.reason === 'AlreadyExists'
/** The resourceVersion or continue token is too old: list again. */
export const isExpired = (error: unknown): error is KubeError => error instanceof KubeError && error.status === 410
/** The schema or a validation rule refused the object: the same request will fail again. */
export const isInvalid = (error: unknown): error is KubeError =>
  error instanceof KubeError && (error.status === 422 || error.status === 400) && !isOtherIncarnation(error)
/** The operator's role lacks this permission, or the namespace is terminating. */
export const isForbidden = (error: unknown): error is KubeError => error instanceof KubeError && error.status === 403
/** No usable answer came: nothing is known about what happened to the request. */
export const isUnknownOutcome = (error: unknown): error is KubeError => error instanceof KubeError && (error.status === 0 || error.status >= 500)

/** An apply that carries the uid of an object which was replaced meets a field that can't change. */
const isOtherIncarnation = (error: KubeError): boolean => error.status === 422 && error.causes.some((cause) => cause.field === 'metadata.uid')

/** Reads a Status object of the API, or makes one up from the HTTP status. */
export function kubeErrorOf(call: string, status: number, body: string, retryAfterMs: number | null): KubeError {
  const parsed = parseStatus(body)
  const details = parsed['details'] as { causes?: unknown; retryAfterSeconds?: unknown } | undefined
  const asked = typeof details?.retryAfterSeconds === 'number' && details.retryAfterSeconds > 0 ? details.retryAfterSeconds * 1_000 : null
  return new KubeError(call, {
    status,
    reason: typeof parsed['reason'] === 'string' && parsed['reason'] !== '' ? parsed['reason'] : `HTTP${status}`,
    message: typeof parsed['message'] === 'string' ? parsed['message'] : body.slice(0, 200),
    retryAfterMs: retryAfterMs ?? asked,
    causes: Array.isArray(details?.causes) ? details.causes.slice(0, 20).map(causeOf) : [],
  })
}

function parseStatus(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function causeOf(value: unknown): KubeErrorCause {
  const cause = (value ?? {}) as Record<string, unknown>
  const text = (name: string): string => (typeof cause[name] === 'string' ? cause[name].slice(0, 1_024) : '')
  return { reason: text('reason'), field: text('field'), message: text('message') }
}
