/** The end of a measure: the window is closed, and every record of the input must have been counted once. */
import { producerOver } from '../input/preload.ts'
import { appendEnds, partitions } from './input.ts'
import type { WorkerProcess } from '../ours/worker-process.ts'
import type { StateJob } from './job.ts'
import { rowsOf } from './restart.ts'

/** Ends a worker that has all tasks and no load. Throws when the committed results are not exactly those of the input. */
export async function checkTotals(job: StateJob, worker: WorkerProcess): Promise<void> {
  const records = await endOf(job, job.input)
  await using producer = producerOver(job.kafka)
  appendEnds(producer, job.input)
  await producer.flush()
  // The rows of a window go in many commits; what is left are those that end it.
  await job.advances().until(async ({ committed }) => committed >= records + partitions && (await rowsOf(worker)) === partitions)
  // Commits the last of them.
  await worker.stop()
  const { results, count, sum } = await read(job)
  const found = `${results} results of ${count} records with a sum of ${sum}`
  const expected = `${job.size.keys} results of ${records} records with a sum of ${3 * records}`
  if (found !== expected) throw new Error(`the output is wrong: ${found} instead of ${expected}`)
}

async function read({ kafka: { reader }, output }: StateJob): Promise<{ readonly results: number; readonly count: number; readonly sum: number }> {
  let [results, count, sum] = [0, 0, 0]
  for (let partition = 0; partition < partitions; partition++) {
    const end = await reader.listOffset(output, partition, 'highWatermark')
    for await (const { bytes, count: records, valueStart, valueEnd } of reader.readRange(output, partition, 0, end, new AbortController().signal)) {
      for (let i = 0; i < records; i++) {
        const value: { count: number; sum: number } = JSON.parse(bytes.toString('latin1', valueStart[i], valueEnd[i]))
        results++
        count += value.count
        sum += value.sum
      }
    }
  }
  return { results, count, sum }
}

async function endOf({ kafka: { reader } }: StateJob, topic: string): Promise<number> {
  const ends = await Promise.all(Array.from({ length: partitions }, (_, partition) => reader.listOffset(topic, partition, 'highWatermark')))
  return ends.reduce((sum, end) => sum + end, 0)
}
