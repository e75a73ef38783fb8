/** A system at work on a case: one process, watched from outside. */
export interface Running extends AsyncDisposable {
  readonly pid: number
  /** How far it is; null before it says anything. Throws, with its log, when it failed. */
  progress(): Promise<Progress | null>
  /** Lets it end as its supervisor would, and waits for that. */
  stop(): Promise<void>
}

export interface Progress {
  /** Records of the input that it has taken in. */
  readonly processed: number
  /** Everything that the input gives is committed. */
  readonly done: boolean
}
