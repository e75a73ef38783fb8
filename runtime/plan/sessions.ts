/** What sessions have in common with windows that lie side by side. */
import type { SessionNode, WindowAggregateNode, WindowReduceNode } from './nodes.ts'

/** The windows of one gap each that a session keeps its records in, and whose results it gives. */
export function spansOf({ uid, inputs, gapMs, latenessMs, contents }: SessionNode): WindowAggregateNode | WindowReduceNode {
  const window = { kind: 'tumbling', sizeMs: gapMs, slideMs: gapMs, offsetMs: 0, latenessMs } as const
  return contents.kind === 'aggregate'
    ? { kind: 'windowAggregate', uid, inputs, window, fields: contents.fields }
    : { kind: 'windowReduce', uid, inputs, window, reducer: contents.reducer }
}
