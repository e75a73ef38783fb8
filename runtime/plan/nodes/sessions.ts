/** What sessions have in common with windows that lie side by side. */
import type { SessionNode, WindowAggregateNode, WindowProcessNode, WindowReduceNode } from '../nodes.ts'

/** The windows of one gap each that a session keeps its records in, and whose results it gives. */
export function spansOf({ uid, inputs, gapMs, latenessMs, emit, contents }: SessionNode): WindowAggregateNode | WindowReduceNode | WindowProcessNode {
  const window = { kind: 'tumbling', sizeMs: gapMs, slideMs: gapMs, offsetMs: 0, latenessMs, ...(emit && { emit }) } as const
  switch (contents.kind) {
    case 'aggregate':
      return { kind: 'windowAggregate', uid, inputs, window, fields: contents.fields }
    case 'reduce':
      return { kind: 'windowReduce', uid, inputs, window, reducer: contents.reducer }
    case 'process':
      return { kind: 'windowProcess', uid, inputs, window, emits: contents.emits, onWindow: contents.onWindow }
  }
}
