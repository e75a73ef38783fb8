/** Which jobs are simulated together: a seed takes one of them. */
import type { SimulatedJob } from '../../runtime/testing/simulation/job.ts'
import { drifts } from './drifts.ts'
import { jobs } from './jobs.ts'
import { shuffles } from './shuffles.ts'

export const jobSets = { jobs, shuffles, drifts } as const satisfies Record<string, readonly SimulatedJob[]>

export type JobSet = keyof typeof jobSets

/** Throws when there is no such set. */
export function jobSetOf(name: string): JobSet {
  if (Object.hasOwn(jobSets, name)) return name as JobSet
  throw new Error(`no jobs ${JSON.stringify(name)}; there are ${Object.keys(jobSets).join(', ')}`)
}
