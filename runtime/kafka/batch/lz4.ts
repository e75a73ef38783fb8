/** The frame of LZ4 (lz4_Frame_format.md), as far as it takes to tell how large its content can be. */
import { decompressFrameSync } from 'lz4-napi'

/** A block becomes at most this many times larger: 255 is what one byte of a match's length adds. */
const greatestExpansion = 255
const flag = { blockChecksums: 0x10, contentSize: 0x08, dictionary: 0x01 } as const
/** Of a block's size: the block is not compressed. */
const plain = 0x8000_0000

/** Throws for a frame that can become larger than `maxOutputLength`. Blocks are only looked at where the frame is large enough for that. */
export function decompressLz4(bytes: Buffer, maxOutputLength: number): Buffer {
  if (bytes.length * greatestExpansion > maxOutputLength && contentBound(bytes) > maxOutputLength) {
    throw new Error(`it can become larger than ${maxOutputLength} bytes`)
  }
  return decompressFrameSync(bytes)
}

/** The content size in the frame's header is what the writer says; the decoder only holds each block to the size of a block. */
function contentBound(bytes: Buffer): number {
  const flags = bytes[4]!
  const blockSize = 1 << (8 + 2 * ((bytes[5]! >>> 4) & 7))
  const checksum = (flags & flag.blockChecksums) === 0 ? 0 : 4
  let at = 7 + ((flags & flag.contentSize) === 0 ? 0 : 8) + ((flags & flag.dictionary) === 0 ? 0 : 4)
  let bound = 0
  while (at + 4 <= bytes.length) {
    const word = bytes.readUInt32LE(at)
    if (word === 0) break
    const size = word % plain
    bound += word >= plain ? size : Math.min(blockSize, size * greatestExpansion)
    at += 4 + size + checksum
  }
  return bound
}
