/** The ways between processes and brokers: what goes wrong on them is put on and taken off while a run goes on. */
import type { NetworkFaults, NetworkOptions } from '../broker/network/network.ts'
import { faultless } from '../broker/network/network.ts'
import type { Random } from '../time/random.ts'

export class Network implements NetworkOptions {
  readonly random: Random
  readonly latencyMs: readonly [number, number] = [0.2, 2]
  readonly faults = faultless()
  #changes = 0

  constructor(random: Random) {
    this.random = random
  }

  /** Returns what ends just this trouble: nothing, when there is another by then. */
  trouble(faults: Partial<NetworkFaults>): () => void {
    Object.assign(this.faults, faultless(), faults)
    const change = ++this.#changes
    return () => {
      if (change === this.#changes) this.heal()
    }
  }

  heal(): void {
    this.#changes++
    Object.assign(this.faults, faultless())
  }
}

/** Something that is wrong with a way for a while, as chance has it. */
export function drawTrouble(random: Random, nodes: number): { readonly name: string; readonly faults: Partial<NetworkFaults> } {
  return random.pick([
    { name: 'loses requests', faults: { loseRequest: random.between(0.02, 0.3) } },
    { name: 'loses answers', faults: { loseAnswer: random.between(0.02, 0.3) } },
    { name: 'delivers late', faults: { delayRequest: random.between(0.02, 0.3), delayMs: [100, random.pick([1_000, 5_000])] } },
    {
      name: 'breaks under requests that come through later',
      faults: { strayRequest: random.between(0.02, 0.3), delayMs: [5, random.pick([100, 3_000])] },
    },
    { name: 'is slow', faults: { slow: random.between(0.1, 1), delayMs: [10, 800] } },
    { name: 'does not reach a node', faults: { refusing: new Set([1 + random.below(nodes)]) } },
    { name: 'is bad', faults: { loseRequest: 0.05, loseAnswer: 0.1, strayRequest: 0.1, delayMs: [50, 3_000], slow: 0.3 } },
  ] satisfies readonly { readonly name: string; readonly faults: Partial<NetworkFaults> }[])
}
