import type { ModelOutput, SimulatedJob } from '../job.ts'
import type { StageLedger } from './stage-ledger.ts'
import { Violation } from './violation.ts'

/**
 * What the job came to in the end is what its input leads to without regard to who worked on what, and when. Each commit was compared with the models of
 * tasks, so these have what was committed.
 */
export function checkWhole({ whole }: SimulatedJob, stages: readonly StageLedger[]): void {
  const [first, ...later] = stages
  const last = stages.at(-1)
  if (whole === undefined || first === undefined || last === undefined) return
  const input = first.tasks.map((task) => task.read)
  const late = later.flatMap(({ tasks }) => tasks).flatMap(({ outputs }) => outputs.filter(({ to }) => to === 'late').map(({ value }) => value))
  const { results, punctual } = whole(input, new Set(late))
  const unawaited = new Set(later.flatMap(({ shuffle }) => [...(shuffle?.unawaited ?? [])]))
  for (const value of late) if (punctual.has(value) && !unawaited.has(value)) throw new Violation(`${value} is late, and was not at its source`)
  const found = byKey(last.tasks.flatMap(({ outputs }) => outputs))
  for (const key of new Set([...results.keys(), ...found.keys()])) {
    const [has, expected] = [found.get(key) ?? [], results.get(key) ?? []]
    const at = Array.from({ length: Math.max(has.length, expected.length) }, (_, i) => i).find((i) => has[i] !== expected[i])
    if (at !== undefined)
      throw new Violation(`result ${at} of key ${key} is ${has[at] ?? 'not there'}; of the whole input it is ${expected[at] ?? 'none'}`)
  }
}

function byKey(outputs: readonly ModelOutput[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const { to, key, value } of outputs) if (to === 'sink') found.set(key ?? '', [...(found.get(key ?? '') ?? []), value])
  return found
}
