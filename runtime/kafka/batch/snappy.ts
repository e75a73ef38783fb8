/** Snappy as Kafka uses it: bare, or in the chunked framing of the Java library (magic, two versions, then length-prefixed bare chunks). */
import { uncompressSync } from 'snappy'

const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const headerLength = 16

/** Throws for what says that it is larger than `maxOutputLength`, all chunks together. */
export function decompressSnappy(bytes: Buffer, maxOutputLength: number): Buffer {
  if (bytes.length < headerLength || !bytes.subarray(0, magic.length).equals(magic)) return decompressBare(bytes, maxOutputLength)
  const chunks: Buffer[] = []
  let left = maxOutputLength
  for (let at = headerLength; at < bytes.length;) {
    const end = at + 4 + bytes.readInt32BE(at)
    const chunk = decompressBare(bytes.subarray(at + 4, end), left)
    left -= chunk.length
    chunks.push(chunk)
    at = end
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** The decoder takes as much memory as the preamble says, and holds the content to it. */
function decompressBare(bytes: Buffer, maxOutputLength: number): Buffer {
  if (contentLength(bytes) > maxOutputLength) throw new Error(`it is larger than ${maxOutputLength} bytes`)
  return uncompressSync(bytes, { asBuffer: true }) as Buffer
}

/** The preamble: a little-endian varint of at most 32 bits. */
function contentLength(bytes: Buffer): number {
  let length = 0
  for (let i = 0; i < 5 && i < bytes.length; i++) {
    length += (bytes[i]! & 0x7f) * 128 ** i
    if (bytes[i]! < 0x80) break
  }
  return length
}
