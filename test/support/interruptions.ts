/** What the property tests of stages have in common: input that wanders forward in time, and what happens to the task between two stretches of it. */
import fc from 'fast-check'
import type { StageRun } from './stage-run.ts'
import type { OracleRecord } from './window-oracle.ts'

/** After so many records (a slice of them, if it is cut): whether what is half closed is finished, and then what. */
export interface Interruption {
  readonly records: number
  readonly settle: boolean
  readonly then: 'nothing' | 'commit' | 'rollback' | 'crash'
}

export const interruptions: fc.Arbitrary<readonly Interruption[]> = fc.array(
  fc.record({
    records: fc.integer({ min: 1, max: 12 }),
    then: fc.constantFrom('nothing', 'commit', 'commit', 'rollback', 'crash'),
    settle: fc.boolean(),
  }),
  { maxLength: 25 },
)

/** Gives the run its records, interrupted so; what is left then is for the caller to process. */
export function interrupt(run: StageRun, between: readonly Interruption[]): StageRun {
  for (const { records, settle, then } of between) {
    run.slice(records)
    if (settle) run.settle()
    if (then !== 'nothing') run[then]()
  }
  return run
}

/** Timestamps that wander forward by `step`, with stragglers. */
export function wandering(keys: readonly string[], step: fc.Arbitrary<number>, maxLength: number): fc.Arbitrary<readonly OracleRecord[]> {
  const record = fc.record({
    key: fc.constantFrom(...keys),
    step,
    behind: fc.oneof(fc.constant(0), fc.nat(40)),
    amount: fc.option(fc.integer({ min: -50, max: 50 })),
  })
  return fc.array(record, { maxLength }).map((records) => {
    let now = 20
    return records.map(({ key, step: by, behind, amount }) => ({ key, amount, timestamp: Math.max(0, (now += by) - behind) }))
  })
}
