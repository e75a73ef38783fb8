/**
 * Jobs whose partitions wait for each other, on input of which some partitions are far behind others. What comes out is what comes out of the same jobs
 * without it; that every run comes to its end says that nobody waits for ever.
 */
import type { Plan } from '../../runtime/plan/nodes.ts'
import type { InputRecord, SimulatedJob } from '../../runtime/testing/simulation/job.ts'
import type { Random } from '../../runtime/testing/time/random.ts'
import { input } from './input.ts'
import { jobs } from './jobs.ts'
import { shuffles } from './shuffles.ts'

/** How far the records of a key are behind, ms. There are so few keys that partitions have one, or none, or are as far as the first of several. */
const lags: Readonly<Record<string, number>> = { 'key-1': 0, 'key-2': 4_000, 'key-3': 9_000, 'key-4': 500 }

/** As the usual input, of these keys. */
function skewed(random: Random, now: number): InputRecord {
  const [key, lag] = random.pick(Object.entries(lags))
  for (;;) {
    const record = input(random, now - lag)
    if (record.key === key) return record
  }
}

function aligned(job: SimulatedJob, maxDriftMs: number, processing: SimulatedJob['processing'] = {}): SimulatedJob {
  return {
    ...job,
    name: `${job.name}, aligned`,
    plan: (topics, spend) => withDrift(job.plan(topics, spend), maxDriftMs),
    input: skewed,
    processing: { ...job.processing, ...processing },
  }
}

function withDrift(plan: Plan, maxDriftMs: number): Plan {
  return { ...plan, nodes: plan.nodes.map((node) => (node.kind === 'eventTime' ? { ...node, maxDriftMs } : node)) }
}

const [, tumbling, sliding] = jobs
const [byAnotherField, windowsOfWindows, , threeStages] = shuffles

export const drifts: readonly SimulatedJob[] = [
  aligned(tumbling!, 1_000, { idleTimeoutMs: 2_000 }),
  aligned(byAnotherField!, 500),
  aligned(windowsOfWindows!, 2_000),
  aligned(sliding!, 1),
  aligned(threeStages!, 1_000),
]
