/** Windows as a program writes them. */
import type { Duration } from './values.ts'

/** How records are grouped in time. Made by `tumbling` and `sliding`. */
export interface Window {
  readonly kind: 'tumbling' | 'sliding'
  readonly size: string
  /** Equal to the size for tumbling windows. */
  readonly slide: string
  readonly lateness: string | undefined
  readonly offset: string | undefined
  readonly emit: string
}

export interface WindowOptions {
  /** How long a window stays open for late records behind its end. @default '0s' */
  readonly lateness?: Duration
  /** Shifts all windows; without it they are aligned to the epoch (UTC). @default '0s' */
  readonly offset?: Duration
  /** `final`: one row per key, when the window is closed. @default 'final'; `updates` is not supported yet. */
  readonly emit?: 'final' | 'updates'
}

/** Windows side by side: each record is in one. `tumbling('1m', { lateness: '30s' })` */
export function tumbling(size: Duration, options: WindowOptions = {}): Window {
  return window('tumbling', size, size, options)
}

/** Windows of `size`, one beginning every `slide`: each record is in size / slide of them. `sliding('10m', '1m')` */
export function sliding(size: Duration, slide: Duration, options: WindowOptions = {}): Window {
  return window('sliding', size, slide, options)
}

function window(kind: Window['kind'], size: string, slide: string, { lateness, offset, emit = 'final' }: WindowOptions): Window {
  return Object.freeze({ kind, size, slide, lateness, offset, emit })
}
