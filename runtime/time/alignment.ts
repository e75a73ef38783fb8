/** How far apart in event time partitions may be: which of them are read on, and which wait. */

/** What is known of a partition that goes along with others. */
export interface Progress {
  /** Epoch ms; -Infinity: none yet. */
  readonly watermark: number
  /** Nobody waits for an idle one. */
  readonly idle: boolean
}

/** Which one the others wait for; null: none of them. Of equals the first. */
export function furthestBehind<P extends Progress>(partitions: Iterable<P>): P | null {
  let least: P | null = null
  for (const one of partitions) if (!one.idle && (least === null || one.watermark < least.watermark)) least = one
  return least
}

/**
 * Whether a partition must wait for the one that is furthest behind. That one itself never must, so somebody can always go on; one without a watermark is held
 * back by nobody, and holds back all that have one.
 *
 *     a  --------|              10:00      goes on
 *     b  -------------------|   10:04      waits when maxDrift is 3 m, goes on when it is 4 m
 *     c  --|  idle                         is not waited for
 */
export function isAhead(watermark: number, behind: Progress | null, maxDriftMs: number): boolean {
  // Of two partitions without a watermark the difference is no number, and above nothing.
  return behind !== null && watermark - behind.watermark > maxDriftMs
}
