/** Text from bytes, by the short way. */

/** Methods of Node's Buffer behind `toString`, without its look at encoding and bounds. */
interface BufferSlices {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

/** UTF-8; invalid sequences become U+FFFD. */
export function utf8Text(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & BufferSlices).utf8Slice(start, end)
}

/** Bytes that are known to be ASCII. */
export function asciiText(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & BufferSlices).latin1Slice(start, end)
}
