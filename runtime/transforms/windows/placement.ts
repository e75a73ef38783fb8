import type { Aggregate } from '../../plan/nodes/aggregates.ts'
import { isNumberAggregate } from '../../plan/nodes/aggregates.ts'
import type { WindowAggregateNode } from '../../plan/nodes.ts'
import type { AlignedWindowSpec, TimeWindowSpec } from '../../plan/nodes/windows.ts'
import { CalendarWindows } from '../../time/calendar.ts'
import { AlignedWindows, type Placement } from '../../time/windows.ts'

/** Where the windows lie. */
export function placementOf(window: TimeWindowSpec): Placement {
  return window.kind === 'calendar' ? new CalendarWindows(window) : new AlignedWindows(window)
}

/**
 * Whether the windows of a node share panes: where enough of them overlap for it to pay, where rows need not be whole before the window closes, and where rows
 * are small and the order of records does not matter to them.
 */
export function sharesPanes(node: WindowAggregateNode): node is WindowAggregateNode & { readonly window: AlignedWindowSpec } {
  const { window, fields } = node
  if (window.kind !== 'sliding' || window.emit !== undefined || window.sizeMs / window.slideMs < leastOverlap) return false
  return Object.values(fields).every(isOrderless)
}

const leastOverlap = 4

function isOrderless(aggregate: Aggregate): boolean {
  return isNumberAggregate(aggregate) || aggregate.kind === 'quantiles' || aggregate.kind === 'approxDistinct'
}
