/**
 * Runs the work for all items, at most `limit` at a time. When one fails the others are told by their signal, and nothing is under way any more by the time
 * this rejects with the first failure: what comes next may start from a clean slate.
 */
export async function concurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const giveUp = new AbortController()
  const either = AbortSignal.any([signal, giveUp.signal])
  const results: Result[] = []
  let next = 0
  let failure: { readonly error: unknown } | null = null
  const lane = async (): Promise<void> => {
    while (next < items.length && failure === null) {
      const index = next++
      try {
        // `index` is below the length.
        results[index] = await work(items[index]!, either)
      } catch (error) {
        failure ??= { error }
        giveUp.abort()
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  if (failure !== null) throw (failure as { readonly error: unknown }).error
  return results
}
