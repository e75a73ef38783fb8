/** What gives the records of a chain their time. */
import type { EventTimeNode, PlanNode, ProcessingTimeNode } from '../nodes.ts'

/** Whether records have a time behind the node because of it. */
export function isTime(node: PlanNode): node is EventTimeNode | ProcessingTimeNode {
  return node.kind === 'eventTime' || node.kind === 'processingTime'
}
