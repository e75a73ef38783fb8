/** How much at a time. Simulations take little, so that everything happens soon. */
export interface SnapshotSizes {
  /** What may wait for the disk before the next commit does. Bytes. */
  readonly waitingBytes: number
  /** Smaller files are not worth a cycle. Bytes. */
  readonly smallBytes: number
  /** Rows of a cycle that go into one segment. Bytes. */
  readonly carriedBytes: number
  /** Rows that a cycle looks at in one go. */
  readonly portionRows: number
}

export const usualSizes: SnapshotSizes = {
  waitingBytes: 16 * 1024 * 1024,
  smallBytes: 4 * 1024 * 1024,
  carriedBytes: 1024 * 1024,
  portionRows: 1024,
}
