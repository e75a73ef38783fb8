/** The compressions of a record batch, by the number in its attributes. */
import { gunzipSync, gzipSync, constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressFrameSync } from 'lz4-napi'
import { StreamJobError } from '../../errors.ts'
import { decompressLz4 } from './lz4.ts'
import { decompressSnappy } from './snappy.ts'

/** What our own batches may be compressed with. */
export type Compression = 'none' | 'gzip' | 'lz4' | 'zstd'

interface Codec {
  readonly name: string
  decompress(bytes: Buffer): Buffer
}

/** A batch that grows beyond this is taken for an attack on memory, not for data. */
const maxOutputLength = 256 * 1024 * 1024

const codecs: readonly Codec[] = [
  { name: 'none', decompress: (bytes) => bytes },
  { name: 'gzip', decompress: (bytes) => gunzipSync(bytes, { maxOutputLength, chunkSize: roomFor(bytes) }) },
  { name: 'snappy', decompress: (bytes) => decompressSnappy(bytes, maxOutputLength) },
  { name: 'lz4', decompress: (bytes) => decompressLz4(bytes, maxOutputLength) },
  { name: 'zstd', decompress: (bytes) => zstdDecompressSync(bytes, { maxOutputLength, chunkSize: roomFor(bytes) }) },
]

/** How much larger the last batch became: the next one is likely to be unpacked in one piece, which need not be copied, and without room to spare. */
let expansion = 4

function roomFor({ length }: Buffer): number {
  return Math.min(Math.max(Math.ceil(length * expansion * 1.05), 16 * 1024), 4 * 1024 * 1024)
}

export const codecNumbers: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, lz4: 3, zstd: 4 }

/** Level 1 where there are levels: a stream is written once and read once. */
export const compressors: Readonly<Record<Compression, (bytes: Buffer) => Buffer>> = {
  none: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes, { level: 1 }),
  lz4: compressFrameSync,
  zstd: (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
}

/** Throws `kafka-protocol` for an unknown number and for bytes that are not what they say. */
export function decompress(codec: number, bytes: Buffer): Buffer {
  const known = codecs[codec]
  if (known === undefined) throw new StreamJobError('kafka-protocol', `A record batch has the unknown compression ${codec}`, { fields: { codec } })
  try {
    const unpacked = known.decompress(bytes)
    expansion = unpacked.length / Math.max(1, bytes.length)
    return unpacked
  } catch (cause) {
    throw new StreamJobError('kafka-protocol', `A record batch cannot be decompressed as ${known.name}: ${(cause as Error).message}`, { cause })
  }
}
