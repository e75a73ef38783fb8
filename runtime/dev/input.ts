/** Input files: read as a stream, line by line; checked as a whole before anything is sent. */
import { createReadStream } from 'node:fs'
import { partitionFor } from '../formats/key.ts'
import type { OutputProducer } from '../kafka/client.ts'
import { BadInput } from './bad-input.ts'
import type { InputProblem } from './bad-input.ts'
import { parseRecord } from './ndjson.ts'
import type { InputRecord } from './ndjson.ts'

/** One `--input TOPIC=FILE`. */
export interface InputFile {
  readonly topic: string
  readonly file: string
}

/** Throws BadInput for files that cannot be read and lines that are no records of a topic with that many partitions. */
export async function checkInput(files: readonly InputFile[], partitions: number): Promise<void> {
  const problems: InputProblem[] = []
  for (const { file } of files) {
    for await (const { line, text } of linesOf(file)) {
      try {
        checkPartition(parseRecord(text), partitions)
      } catch (error) {
        problems.push({ file, line, message: error instanceof Error ? error.message : String(error) })
        if (problems.length === maxProblems) throw new BadInput(problems)
      }
    }
  }
  if (problems.length > 0) throw new BadInput(problems)
}

/** Nobody reads more. */
const maxProblems = 20

export interface SendOptions {
  readonly partitions: number
  readonly producer: OutputProducer
  /** A batch holds no more records. */
  readonly batchRecords: number
  /** Epoch ms. */
  readonly clock: () => number
  readonly signal: AbortSignal
}

/** Sends a file that was checked; the number of records. */
export async function sendInput({ topic, file }: InputFile, { partitions, producer, batchRecords, clock, signal }: SendOptions): Promise<number> {
  let sent = 0
  let batch = 0
  for await (const { text } of linesOf(file)) {
    signal.throwIfAborted()
    const { key, value, timestamp, partition, headers } = parseRecord(text)
    const to = partition ?? (key === null ? sent % partitions : partitionFor(key, 0, key.length, partitions))
    producer.append(topic, to, key, 0, key?.length ?? 0, value, 0, value?.length ?? 0, timestamp ?? clock(), headers)
    sent++
    if (++batch < batchRecords && producer.bufferedBytes < flushBytes) continue
    await producer.flush()
    batch = 0
  }
  await producer.flush()
  return sent
}

const flushBytes = 1024 * 1024

function checkPartition({ partition }: InputRecord, partitions: number): void {
  if (partition !== null && partition >= partitions) {
    throw new Error(`partition ${partition}: the topic has ${partitions}, from 0 to ${partitions - 1}; see --partitions`)
  }
}

/** Lines end with a line feed alone: U+2028, at which others split too, may stand in JSON. */
async function* linesOf(file: string): AsyncIterable<{ readonly line: number; readonly text: string }> {
  let line = 0
  let rest = ''
  try {
    for await (const chunk of createReadStream(file, 'utf8')) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) {
        line++
        if (text.trim() !== '') yield { line, text: line === 1 ? withoutMark(text) : text }
      }
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') throw new BadInput(`${file}: there is no such file`)
    if (code === 'EISDIR') throw new BadInput(`${file}: it is a folder`)
    throw error
  }
  if (rest.trim() !== '') yield { line: line + 1, text: line === 0 ? withoutMark(rest) : rest }
}

/** Some editors begin a file with a byte order mark. */
function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '')
}
