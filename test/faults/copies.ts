/** What a copying job may not do: lose, double, invent or reorder. Judged partition by partition. */
export interface Copied {
  readonly partition: number
  readonly value: string | null
}

export interface CopyFaults {
  readonly missing: number
  readonly duplicated: number
  readonly unexpected: number
  /** Records that stand before one which was given earlier, or in another partition. */
  readonly moved: number
}

export function compareCopies(given: readonly Copied[], made: readonly Copied[]): CopyFaults {
  const places = new Map<string | null, { readonly partition: number; readonly index: number }>()
  for (const [index, { partition, value }] of given.entries()) places.set(value, { partition, index })
  const seen = new Set<string | null>()
  const last = new Map<number, number>()
  const faults = { missing: 0, duplicated: 0, unexpected: 0, moved: 0 }
  for (const { partition, value } of made) {
    const place = places.get(value)
    if (place === undefined) faults.unexpected += 1
    else if (seen.has(value)) faults.duplicated += 1
    else {
      if (place.partition !== partition || place.index < (last.get(partition) ?? -1)) faults.moved += 1
      last.set(partition, place.index)
      seen.add(value)
    }
  }
  return { ...faults, missing: places.size - seen.size }
}
