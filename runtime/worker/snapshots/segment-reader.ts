/** Reads one file of a snapshot from its beginning, in large pieces, as far as every bit of it is right. */
import { crc32 } from 'node:zlib'
import type { ReadableFile } from './disk.ts'
import { checksumBegin, decodeFileHead, decodeSegmentHead, fileHeadLength, headBytes, segmentHeadBytes } from './format.ts'
import type { FileEnd, FileHead, SegmentHead } from './format.ts'

export interface Segment extends SegmentHead {
  /** Its rows are `bytes[from, to)`; valid until the next call. */
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
}

const pieceBytes = 4 * 1024 * 1024

export class SegmentReader implements AsyncDisposable {
  readonly #file: ReadableFile
  readonly #size: number
  #bytes = Buffer.allocUnsafeSlow(pieceBytes)
  /** What was read and not yet looked at, within `#bytes`. */
  #from = 0
  #to = 0
  /** Where in the file `#to` stands. */
  #position = 0
  #head: FileHead | null = null
  #checksum = 0
  /** Behind the last segment. */
  #end = 0

  /** @param size Of the file: what says that it is longer is wrong. */
  constructor(file: ReadableFile, size: number) {
    this.#file = file
    this.#size = size
  }

  /** Null: it is not such a file, or of another version. To be called first. */
  async head(): Promise<FileHead | null> {
    const length = (await this.#have(headBytes)) ? fileHeadLength(this.#bytes.subarray(this.#from, this.#to)) : -1
    if (length < 0 || !(await this.#have(headBytes + length))) return null
    const decoded = decodeFileHead(this.#bytes.subarray(this.#from, this.#from + headBytes + length))
    if (decoded === null) return null
    this.#pass(headBytes + length, decoded.checksum)
    this.#head = decoded.head
    return decoded.head
  }

  /** The next segment; null: none that is right. */
  async next(): Promise<Segment | null> {
    if (this.#head === null || !(await this.#have(segmentHeadBytes))) return null
    const head = decodeSegmentHead(this.#bytes.subarray(this.#from, this.#from + segmentHeadBytes))
    if (head === null || !(await this.#have(segmentHeadBytes + head.length))) return null
    const from = this.#from + segmentHeadBytes
    const to = from + head.length
    const begin = checksumBegin(this.#bytes.subarray(this.#from, from), this.#checksum)
    if (crc32(this.#bytes.subarray(from, to), begin) !== head.checksum) return null
    this.#pass(segmentHeadBytes + head.length, head.checksum)
    return { ...head, bytes: this.#bytes, from, to }
  }

  /** The place behind the last segment that `next` gave. */
  get end(): FileEnd {
    return { file: this.#head?.file ?? 0, bytes: this.#end, checksum: this.#checksum }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close()
  }

  #pass(bytes: number, checksum: number): void {
    this.#from += bytes
    this.#end += bytes
    this.#checksum = checksum
  }

  /** Whether the file has so many more bytes; then they are in `#bytes` from `#from` on. */
  async #have(wanted: number): Promise<boolean> {
    if (this.#to - this.#from >= wanted) return true
    if (this.#end + wanted > this.#size) return false
    const left = this.#bytes.subarray(this.#from, this.#to)
    if (wanted > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(wanted + pieceBytes)
    this.#bytes.set(left, 0)
    this.#from = 0
    this.#to = left.length
    while (this.#to < wanted) {
      const room = this.#bytes.subarray(this.#to, Math.min(this.#bytes.length, this.#to + pieceBytes))
      const read = await this.#file.read(room, this.#position)
      this.#position += read
      this.#to += read
      if (read < room.length) break
    }
    return this.#to >= wanted
  }
}
