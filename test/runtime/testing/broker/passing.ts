import type { VirtualClock } from '../../../../runtime/testing/time/virtual-clock.ts'

/** Lets virtual time pass until the work is done; what it throws is thrown. */
export async function passing<A>(clock: VirtualClock, work: Promise<A>): Promise<A> {
  let settled = false
  const settle = (): void => void (settled = true)
  work.then(settle, settle)
  if (!(await clock.run(() => settled))) throw new Error('Nothing is left to happen, and the work is not done')
  return work
}
