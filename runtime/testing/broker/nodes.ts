/** The brokers as machines: which of them run, and who is told when one stops. */
export class Nodes {
  readonly ids: readonly number[]
  readonly #running = new Set<number>()
  /** Rises with every start: a connection belongs to one life of a broker. */
  readonly #lives = new Map<number, number>()
  readonly #connections = new Map<number, Set<() => void>>()

  constructor(count: number) {
    this.ids = Array.from({ length: count }, (_, i) => i + 1)
    for (const id of this.ids) this.start(id)
  }

  get running(): readonly number[] {
    return this.ids.filter((id) => this.#running.has(id))
  }

  isRunning(node: number): boolean {
    return this.#running.has(node)
  }

  life(node: number): number {
    return this.#lives.get(node) ?? 0
  }

  /** Whether that life of the broker goes on. */
  lives(node: number, life: number): boolean {
    return this.#running.has(node) && this.life(node) === life
  }

  start(node: number): void {
    if (this.#running.has(node)) return
    this.#running.add(node)
    this.#lives.set(node, this.life(node) + 1)
  }

  stop(node: number): void {
    if (!this.#running.delete(node)) return
    const connections = this.#connections.get(node)
    this.#connections.delete(node)
    for (const onStop of connections ?? []) onStop()
  }

  /** Calls `onStop` when the broker stops; returns what calls it off. */
  connect(node: number, onStop: () => void): () => void {
    const connections = this.#connections.get(node) ?? new Set()
    this.#connections.set(node, connections.add(onStop))
    return () => void connections.delete(onStop)
  }
}
