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

type Trouble = { readonly name: string; readonly faults: Partial<NetworkFaults> }

/** Something that is wrong with a way for a while, as chance has it: often with some kinds of requests only, and then with most of them. */
export function drawTrouble(random: Random, nodes: number): Trouble {
  if (random.chance(0.3)) return random.pick(ofAll(random, nodes))
  const only = random.pick(kinds)
  const { name, faults } = random.pick(ofRequests(random, random.between(0.3, 0.9)))
  return { name: `${name} (of ${[...only].join(', ')})`, faults: { ...faults, only } }
}

function ofRequests(random: Random, often: number): readonly Trouble[] {
  return [
    { name: 'loses requests', faults: { loseRequest: often } },
    { name: 'loses answers', faults: { loseAnswer: often } },
    { name: 'delivers late', faults: { delayRequest: often, delayMs: [100, random.pick([1_000, 5_000])] } },
    { name: 'breaks under requests that come through at once', faults: { strayRequest: often, delayMs: [5, 100] } },
    { name: 'breaks under requests that come through later', faults: { strayRequest: often, delayMs: [5, 3_000] } },
  ]
}

function ofAll(random: Random, nodes: number): readonly Trouble[] {
  return [
    ...ofRequests(random, random.between(0.02, 0.3)),
    { name: 'is slow', faults: { slow: random.between(0.1, 1), delayMs: [10, 800] } },
    { name: 'does not reach a node', faults: { refusing: new Set([1 + random.below(nodes)]) } },
    { name: 'is bad', faults: { loseRequest: 0.05, loseAnswer: 0.1, strayRequest: 0.1, delayMs: [50, 3_000], slow: 0.3 } },
  ]
}

/** Requests that matter together; how a transaction ends matters most. */
const kinds: readonly ReadonlySet<string>[] = [
  new Set(['EndTxn']),
  new Set(['EndTxn']),
  new Set(['EndTxn']),
  new Set(['EndTxn', 'TxnOffsetCommit']),
  new Set(['TxnOffsetCommit']),
  new Set(['AddPartitionsToTxn', 'AddOffsetsToTxn']),
  new Set(['Produce']),
  new Set(['InitProducerId', 'OffsetFetch']),
  new Set(['JoinGroup', 'SyncGroup']),
  new Set(['Heartbeat']),
]
