/** Waits until `probe` answers something other than null, undefined or false, and returns that; rejects with the last state after `timeoutMs`. */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  options: { timeoutMs?: number; what?: string } = {},
): Promise<Exclude<T, null | undefined | false>> {
  const until = performance.now() + (options.timeoutMs ?? 60_000)
  let last: unknown
  do {
    try {
      last = await probe()
      // The three are excluded by the comparison.
      if (last !== null && last !== undefined && last !== false) return last as Exclude<T, null | undefined | false>
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  } while (performance.now() < until)
  throw new Error(`${options.what ?? 'The condition'} did not come about; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`)
}
