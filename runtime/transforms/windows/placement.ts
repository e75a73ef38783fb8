import type { TimeWindowSpec } from '../../plan/windows.ts'
import { CalendarWindows } from '../../time/calendar.ts'
import { AlignedWindows, type Placement } from '../../time/windows.ts'

/** Where the windows lie. */
export function placementOf(window: TimeWindowSpec): Placement {
  return window.kind === 'calendar' ? new CalendarWindows(window) : new AlignedWindows(window)
}
