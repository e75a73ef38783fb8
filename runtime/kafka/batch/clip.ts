import type { RecordBlock } from '../records.ts'

/** The part of a block before an offset. */
export function clip(block: RecordBlock, to: number): RecordBlock {
  if (block.nextOffset <= to) return block
  let { count } = block
  while (count > 0 && block.offsets[count - 1]! >= to) count--
  return { ...block, count, nextOffset: to }
}
