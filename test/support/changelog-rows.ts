import type { ChangelogRows, StateStore } from '../../runtime/state/store.ts'

/** Restores rows one behind the other, as if one fetch had brought them. */
export function restoreRows(store: StateStore, rows: Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array | null }>): void {
  const all = [...rows]
  store.restore(changelogRows(all), 0, all.length)
}

/** Rows as a fetch would bring them: behind something else, and behind one another. */
export function changelogRows(rows: readonly { readonly key: Uint8Array; readonly value: Uint8Array | null }[]): ChangelogRows {
  const parts: Uint8Array[] = [Buffer.from('head')]
  let position = 4
  const add = (bytes: Uint8Array): number => {
    parts.push(bytes)
    return (position += bytes.length)
  }
  const int = (): Int32Array => new Int32Array(rows.length).fill(-1)
  const spans = { keyStart: int(), keyEnd: int(), valueStart: int(), valueEnd: int() }
  for (const [i, { key, value }] of rows.entries()) {
    spans.keyStart[i] = position
    spans.keyEnd[i] = add(key)
    if (value === null) continue
    spans.valueStart[i] = position
    spans.valueEnd[i] = add(value)
  }
  return { bytes: Buffer.concat(parts), ...spans }
}
