/** The way between a process and the brokers. */
import type { Random } from '../../time/random.ts'

export interface NetworkOptions {
  readonly random: Random
  /** One way, drawn for each message; the order of a connection is kept. */
  readonly latencyMs: readonly [number, number]
  /** May change while it runs. */
  readonly faults: NetworkFaults
}

/** Probabilities are those of each request. */
export interface NetworkFaults {
  /** The connection breaks before the request arrives. */
  loseRequest: number
  /** The connection breaks after the request was carried out. */
  loseAnswer: number
  /** The request arrives only after the client has given up on it, by so much. */
  delayRequest: number
  /** The connection breaks, and the request is carried out all the same, so much later: it stood in the broker's queue. */
  strayRequest: number
  delayMs: readonly [number, number]
  /** Requests of these names only are lost, late or stray; null: all are. */
  only: ReadonlySet<string> | null
  /** A message takes that much longer. */
  slow: number
  /** Brokers that nothing reaches, nor comes from: clients wait in vain. */
  refusing: ReadonlySet<number>
}

/** What becomes of one request. */
export type Fate = 'arrives' | 'request lost' | 'answer lost' | 'delayed' | 'stray'

export interface Way {
  latency(): number
  /** Of a request of this name. */
  fate(name: string): Fate
  /** How late a delayed or stray request is. */
  delay(): number
  reaches(node: number): boolean
}

/** Nothing takes time and nothing is lost. */
export const directWay: Way = { latency: () => 0, fate: () => 'arrives', delay: () => 0, reaches: () => true }

export function wayOf({ random, latencyMs, faults }: NetworkOptions): Way {
  const drawn = ([from, to]: readonly [number, number]): number => random.between(from, to)
  return {
    latency: () => drawn(latencyMs) + (random.chance(faults.slow) ? drawn(faults.delayMs) : 0),
    delay: () => drawn(faults.delayMs),
    reaches: (node) => !faults.refusing.has(node),
    fate(name) {
      if (faults.only !== null && !faults.only.has(name)) return 'arrives'
      let left = random.next()
      if ((left -= faults.loseRequest) < 0) return 'request lost'
      if ((left -= faults.loseAnswer) < 0) return 'answer lost'
      if ((left -= faults.delayRequest) < 0) return 'delayed'
      return left < faults.strayRequest ? 'stray' : 'arrives'
    },
  }
}

/** A way on which nothing is lost until somebody says so. */
export function faultless(): NetworkFaults {
  return { loseRequest: 0, loseAnswer: 0, delayRequest: 0, strayRequest: 0, only: null, delayMs: [0, 0], slow: 0, refusing: new Set() }
}
