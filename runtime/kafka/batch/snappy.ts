/** Snappy as Kafka uses it: bare, or in the chunked framing of the Java library (magic, two versions, then length-prefixed bare chunks). */
import { uncompressSync } from 'snappy'

const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const headerLength = 16

export function decompressSnappy(bytes: Buffer): Buffer {
  if (bytes.length < headerLength || !bytes.subarray(0, magic.length).equals(magic)) return decompressBare(bytes)
  const chunks: Buffer[] = []
  for (let at = headerLength; at < bytes.length;) {
    const end = at + 4 + bytes.readInt32BE(at)
    chunks.push(decompressBare(bytes.subarray(at + 4, end)))
    at = end
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

function decompressBare(bytes: Buffer): Buffer {
  return uncompressSync(bytes, { asBuffer: true }) as Buffer
}
