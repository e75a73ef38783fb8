/** Which cases of a matrix run: one, picked by the seed of the run, or all of them with `hack/test --all`. */
import { randomOf } from '../support/orders.ts'

/** Of the run, so that a failed one can be repeated. */
export const seed = Number(process.env['STREAMJOB_TEST_SEED'] ?? 1)

/** @param salt Another one picks independently. */
export function picked<A>(cases: readonly A[], salt: number): readonly A[] {
  if (process.env['STREAMJOB_TEST_ALL'] === 'true') return cases
  return cases.length === 0 ? [] : [cases[Math.floor(randomOf(seed + salt)() * cases.length)]!]
}
