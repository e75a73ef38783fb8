/** Late records and dead letters of a run, for the summary at its end. */
import { header } from '../worker/tasks/outputs.ts'
import type { OutputRecord } from './ndjson.ts'

interface Group {
  readonly topic: string
  readonly reason: string
  count: number
  /** Where the first of them came from, and what was wrong with it. */
  readonly first: string
}

export class DroppedRecords {
  readonly #groups = new Map<string, Group>()

  /** Counts a record of the late or the dead-letter topic. */
  add(record: OutputRecord): void {
    const reason = textOf(record, header.reason) ?? 'unknown'
    const name = `${record.topic}\n${reason}`
    const group = this.#groups.get(name)
    if (group === undefined) this.#groups.set(name, { topic: record.topic, reason, count: 1, first: firstOf(record) })
    else group.count++
  }

  /** A line for each topic and reason, with text of the author's as it is; none when there were none. */
  summary(): readonly string[] {
    return [...this.#groups.values()].map(({ topic, reason, count, first }) => {
      return `${topic}: ${count} ${reason},${count === 1 ? '' : ' the first'} from ${first}`
    })
  }
}

function firstOf(record: OutputRecord): string {
  const offset = textOf(record, header.offset)
  const message = textOf(record, header.message)
  const place = `${textOf(record, header.topic)}-${textOf(record, header.partition)}${offset === null ? '' : ` at offset ${offset}`}`
  return message === null ? place : `${place}: ${message.length <= maxMessage ? message : `${message.slice(0, maxMessage - 1)}…`}`
}

const maxMessage = 300

/** The last of that name is the one that this job has added. */
function textOf({ headers }: OutputRecord, name: string): string | null {
  const value = headers.findLast(({ key }) => key === name)?.value
  return value === undefined || value === null ? null : Buffer.from(value).toString()
}
