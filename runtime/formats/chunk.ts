/** Memory that written values lie in, one behind the other: what was given out is never written again. */

const chunkBytes = 65_536

export function newChunk(): Buffer {
  return Buffer.allocUnsafeSlow(chunkBytes)
}

/** A new chunk that begins with `chunk[start, end)`, the part of a value that is written already, and has room for `more` bytes behind it. */
export function grownChunk(chunk: Buffer, start: number, end: number, more: number): Buffer {
  const grown = Buffer.allocUnsafeSlow(Math.max(chunkBytes, (end - start + more) * 2))
  chunk.copy(grown, 0, start, end)
  return grown
}
