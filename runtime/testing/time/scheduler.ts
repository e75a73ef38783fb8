/** What a virtual world runs on: things that happen later, in virtual time or in the system's. */
export interface Scheduler {
  /** Milliseconds that never go back. */
  now(): number
  /** Runs `work` once, `ms` from now, on nobody's behalf; returns what calls it off. */
  after(ms: number, work: () => void): () => void
}

/** A process as the world around it sees it: a place where answers arrive. One that was killed gets none any more. */
export interface Endpoint {
  readonly name: string
  /** Runs `work` in the process, `ms` from now or when it is able to. Deliveries of one moment keep their order. */
  deliver(ms: number, work: () => void): void
}

/** The system's time, for a virtual broker that real programs use. */
export const systemScheduler: Scheduler = {
  now: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, Math.max(0, ms))
    return () => clearTimeout(timer)
  },
}

/** This very process. */
export const systemEndpoint: Endpoint = {
  name: 'this process',
  deliver: (ms, work) => void (ms < 1 ? setImmediate(work) : setTimeout(work, ms)),
}
