/**
 * Which windows a timestamp belongs to, and when they close. Windows are [start, end) in epoch ms, aligned to the epoch plus an offset:
 *
 *     size 10, slide 5       0         10        20        30
 *     timestamp 12                       ^
 *     its windows                      [10       20)          newest: the one that starts last
 *                                 [5        15)               oldest
 *
 * All numbers are integers below 2^53, for which floor division of doubles is exact.
 */

/** The part of a window's specification that places it on the time line. */
export interface WindowShape {
  readonly sizeMs: number
  /** Distance between two starts; equal to the size for tumbling windows, never larger. */
  readonly slideMs: number
  readonly offsetMs: number
}

/** Start of the newest window that holds the timestamp. The others start one slide earlier each, as long as they start after timestamp - size. */
export function newestWindowStart(timestamp: number, shape: WindowShape): number {
  return Math.floor((timestamp - shape.offsetMs) / shape.slideMs) * shape.slideMs + shape.offsetMs
}

/** How many windows hold the timestamp, given the start of the newest. */
export function windowCount(timestamp: number, newestStart: number, shape: WindowShape): number {
  return Math.ceil((newestStart - timestamp + shape.sizeMs) / shape.slideMs)
}

/** The first watermark at which the window takes no more records and gives its results. */
export function closingWatermark(start: number, sizeMs: number, latenessMs: number): number {
  return start + sizeMs - 1 + latenessMs
}

/**
 * How many of the windows that hold the timestamp are still open; they are the newest ones, because an older window closes earlier.
 * 0: the record is late.
 */
export function openWindowCount(timestamp: number, newestStart: number, shape: WindowShape, latenessMs: number, watermark: number): number {
  if (watermark < timestamp) return windowCount(timestamp, newestStart, shape)
  if (watermark === Infinity) return 0
  // Open: start > watermark - size + 1 - lateness. And it holds the timestamp: start > timestamp - size.
  const after = Math.max(timestamp - shape.sizeMs, watermark - shape.sizeMs + 1 - latenessMs)
  return Math.max(0, Math.ceil((newestStart - after) / shape.slideMs))
}

/** Where windows lie on the time line, and which of them are open. */
export interface Placement {
  /** Distance between two starts; 0 where each timestamp is in one window only. */
  readonly slideMs: number
  /** Start of the newest window that holds the timestamp. */
  newestOf(timestamp: number): number
  /** How many of the windows that hold the timestamp are open; they are the newest ones. 0: the record is late. */
  countOpen(timestamp: number, newestStart: number, latenessMs: number, watermark: number): number
  /** End of a window, exclusive. */
  endOf(start: number): number
}

/** Windows of one size. */
export class AlignedWindows implements Placement {
  readonly slideMs: number
  readonly #shape: WindowShape

  constructor(shape: WindowShape) {
    this.slideMs = shape.slideMs
    this.#shape = shape
  }

  newestOf(timestamp: number): number {
    return newestWindowStart(timestamp, this.#shape)
  }

  countOpen(timestamp: number, newestStart: number, latenessMs: number, watermark: number): number {
    return openWindowCount(timestamp, newestStart, this.#shape, latenessMs, watermark)
  }

  endOf(start: number): number {
    return start + this.#shape.sizeMs
  }
}
