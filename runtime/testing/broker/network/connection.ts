/** One connection to one life of a broker: requests go in order, and the broker carries out one after the other. */
import { StreamJobError } from '../../../errors.ts'
import type { Endpoint, Scheduler } from '../../time/scheduler.ts'
import { addressOf } from '../data/metadata.ts'
import type { Nodes } from '../nodes.ts'
import type { Way } from './network.ts'

/** What a broker does with a request: it calls `reply` once, at once or later. */
export type Handle<A> = (node: number, reply: (answer: A) => void) => void

export interface ConnectionOptions {
  readonly node: number
  readonly nodes: Nodes
  readonly scheduler: Scheduler
  readonly endpoint: Endpoint
  readonly way: Way
  /** Called when the connection is of no more use. */
  readonly onEnd: () => void
}

interface Pending {
  readonly name: string
  readonly reject: (error: StreamJobError) => void
  readonly deadline: number
  readonly timeoutMs: number
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #life: number
  readonly #pending = new Set<Pending>()
  /** Arrived, and waiting for the one before to be answered. */
  readonly #queue: (() => void)[] = []
  readonly #forget: () => void
  #busy = false
  #opened = false
  /** Nothing that the client sends arrives any more, though it may not know yet. */
  #broken = false
  #ended = false
  #arrivedAt = 0
  #answeredAt = 0
  /** When the next look at what is overdue is due. */
  #watchAt = Infinity
  #unwatch: () => void = () => {}

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#life = options.nodes.life(options.node)
    this.#forget = options.nodes.connect(options.node, () => this.#break(options.way.latency()))
  }

  /** Throws `kafka-unreachable` when there is no answer within `timeoutMs`, or the connection ends before. */
  send<A>(name: string, timeoutMs: number, handle: Handle<A>): Promise<A> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(closed(this.#options.node))
      const { scheduler, way, node, nodes } = this.#options
      const pending: Pending = { name, reject, deadline: scheduler.now() + timeoutMs, timeoutMs }
      this.#pending.add(pending)
      this.#watch(pending.deadline)
      const fate = way.fate(name)
      const arrive = (): void => this.#arrive(() => handle(node, (answer) => this.#answer(pending, answer, fate, resolve)))
      if (fate === 'delayed') {
        // The client hears of nothing: it gives up, and the request comes through after all.
        scheduler.after(timeoutMs + way.delay(), () => {
          if (nodes.lives(node, this.#life)) handle(node, () => {})
        })
      } else if (fate === 'stray') {
        scheduler.after(way.delay(), () => {
          if (nodes.lives(node, this.#life)) handle(node, () => {})
        })
        this.#after(this.#travel(), () => this.#break(way.latency()))
      } else if (fate === 'request lost') this.#after(this.#travel(), () => this.#break(way.latency()))
      else this.#after(this.#travel(), arrive)
    })
  }

  /** At once: requests under way fail, and those that have not arrived never do. */
  close(error: StreamJobError): void {
    if (this.#ended) return
    this.#ended = true
    this.#forget()
    this.#unwatch()
    this.#queue.length = 0
    this.#options.onEnd()
    for (const { reject } of this.#pending) reject(error)
    this.#pending.clear()
  }

  /** How long a message takes that is sent now: it does not overtake those before. */
  #travel(): number {
    const { scheduler, way } = this.#options
    const handshake = this.#opened ? 0 : 2 * way.latency()
    this.#opened = true
    const now = scheduler.now()
    this.#arrivedAt = Math.max(this.#arrivedAt, now + handshake + way.latency())
    return this.#arrivedAt - now
  }

  #after(ms: number, work: () => void): void {
    if (ms > 0) this.#options.scheduler.after(ms, work)
    else work()
  }

  #arrive(work: () => void): void {
    const { nodes, node, way } = this.#options
    // Who sends into the void hears nothing, not even that.
    if (!way.reaches(node)) this.#broken = true
    if (this.#broken) return
    if (!nodes.lives(node, this.#life)) return this.#break(way.latency())
    if (this.#busy) this.#queue.push(work)
    else {
      this.#busy = true
      work()
    }
  }

  #answer<A>(pending: Pending, answer: A, fate: string, resolve: (answer: A) => void): void {
    const { nodes, node, endpoint, scheduler, way } = this.#options
    this.#busy = false
    // A broker that was killed says nothing any more.
    if (nodes.lives(node, this.#life) && way.reaches(node)) {
      if (fate === 'answer lost') this.#break(way.latency())
      else {
        const now = scheduler.now()
        this.#answeredAt = Math.max(this.#answeredAt, now + way.latency())
        endpoint.deliver(this.#answeredAt - now, () => {
          if (this.#pending.delete(pending)) resolve(answer)
        })
      }
    }
    const next = this.#queue.shift()
    if (next === undefined) return
    this.#busy = true
    next()
  }

  /** The client learns, after a while, that the other end is gone. */
  #break(ms: number): void {
    const { endpoint, node } = this.#options
    this.#broken = true
    this.#queue.length = 0
    endpoint.deliver(ms, () => {
      const names = [...this.#pending].map(({ name }) => name).join(', ')
      this.close(unreachable(node, names === '' ? 'A connection' : names, 'the connection was closed'))
    })
  }

  /** One timer for all requests under way. */
  #watch(deadline: number): void {
    if (deadline >= this.#watchAt) return
    this.#unwatch()
    this.#watchAt = deadline
    const { endpoint, scheduler, node } = this.#options
    const look = (): void => {
      this.#watchAt = Infinity
      const [oldest] = [...this.#pending].toSorted((a, b) => a.deadline - b.deadline)
      if (oldest === undefined) return
      if (oldest.deadline > scheduler.now()) this.#watch(oldest.deadline)
      else this.close(unreachable(node, oldest.name, `no answer within ${oldest.timeoutMs} ms`))
    }
    // The client's own clock, which stands still while it is stopped.
    this.#unwatch = scheduler.after(deadline - scheduler.now(), () => endpoint.deliver(0, look))
  }
}

export function closed(node: number): StreamJobError {
  return new StreamJobError('kafka-unreachable', `The connection to ${addressOf(node)} was closed by this process`, {
    fields: { broker: addressOf(node) },
  })
}

export function unreachable(node: number, doing: string, reason: string): StreamJobError {
  const address = addressOf(node)
  return new StreamJobError('kafka-unreachable', `${doing}: no answer from ${address}: ${reason}`, { fields: { broker: address, reason } })
}
