/** Results as they are committed: a table that is refreshed in place on a screen, a line each anywhere else. */
import type { OutputRecord } from '../../runtime/dev/ndjson.ts'
import type { Progress } from '../../runtime/dev/run.ts'
import type { Terminal } from './terminal.ts'

/** What is shown of a record; all text is free of control characters. */
export interface Row {
  readonly topic: string
  readonly key: string
  readonly time: string
  readonly value: string
}

export class LiveTable {
  readonly #terminal: Terminal
  readonly #title: string
  /** The newest value of each topic and key, the one that changed last at the end. */
  readonly #rows = new Map<string, Row>()
  readonly #results: ReadonlySet<string>
  /** Records by topic. */
  readonly #counts = new Map<string, number>()
  #drawn = 0
  #progress: Progress = { workers: [], crashes: 0 }

  /** `results` are the topics whose records stand in the table; those of others are counted. */
  constructor(terminal: Terminal, title: string, results: ReadonlySet<string>) {
    this.#terminal = terminal
    this.#title = title
    this.#results = results
  }

  record(record: OutputRecord): void {
    const row = rowOf(record)
    this.#counts.set(record.topic, (this.#counts.get(record.topic) ?? 0) + 1)
    if (this.#terminal.screen() === null) {
      this.#terminal.out(`${row.topic}  ${row.time}  ${row.key}  ${row.value}\n`)
      return
    }
    if (!this.#results.has(row.topic)) return
    const name = `${row.topic}\n${row.key}`
    this.#rows.delete(name)
    this.#rows.set(name, row)
    const oldest = this.#rows.size > maxRows ? this.#rows.keys().next().value : undefined
    if (oldest !== undefined) this.#rows.delete(oldest)
  }

  progress(progress: Progress): void {
    this.#progress = progress
    this.finish()
  }

  /** Draws what came since the last time. */
  finish(): void {
    const screen = this.#terminal.screen()
    if (screen === null) return
    const head = [statusLine(this.#title, this.#progress), countsLine(this.#counts), '']
    const lines = [...head, ...tableOf([...this.#rows.values()], screen.rows - 5)]
    this.#draw(lines.map((line) => line.slice(0, screen.columns - 1)))
  }

  /** Something to be read above the table. */
  note(text: string): void {
    this.#draw([])
    this.#terminal.err(`${text}\n`)
  }

  #draw(lines: readonly string[]): void {
    if (this.#drawn === 0 && lines.length === 0) return
    const up = this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A`
    this.#terminal.out(`${up}\u001b[0J${lines.map((line) => `${line}\n`).join('')}`)
    this.#drawn = lines.length
  }
}

/** More than any screen has. */
const maxRows = 500

export function rowOf({ topic, key, timestamp, value }: OutputRecord): Row {
  return {
    topic,
    key: key === null ? '-' : plain(key.toString()),
    time: timestamp < 0 ? '-' : new Date(timestamp).toISOString(),
    value: value === null ? '(deleted)' : plain(value.toString()),
  }
}

/** The newest rows, those that changed last at the end, in columns. */
export function tableOf(rows: readonly Row[], height: number): readonly string[] {
  const shown = rows.slice(-Math.max(1, height))
  const head: Row = { topic: 'TOPIC', key: 'KEY', time: 'TIME', value: 'VALUE' }
  const width = (field: 'topic' | 'key' | 'time'): number => Math.min(maxWidth, Math.max(...[head, ...shown].map((row) => row[field].length)))
  const widths = { topic: width('topic'), key: width('key'), time: width('time') }
  const cell = (row: Row, field: 'topic' | 'key' | 'time'): string => row[field].slice(0, widths[field]).padEnd(widths[field])
  return [head, ...shown].map((row) => `${cell(row, 'topic')}  ${cell(row, 'time')}  ${cell(row, 'key')}  ${row.value}`)
}

const maxWidth = 40

export function statusLine(title: string, { workers, crashes }: Progress): string {
  const tasks = workers.flatMap((worker) => worker.tasks)
  const running = workers.filter(({ state }) => state === 'running').length
  const lag = tasks.reduce((sum, { position, highWatermark }) => sum + Math.max(0, Number(highWatermark ?? position) - Number(position)), 0)
  const watermarks = tasks.flatMap(({ watermark }) => (watermark === null ? [] : [watermark]))
  const parts = [
    title,
    `${running}/${workers.length} workers at work`,
    `${lag} records behind`,
    watermarks.length === 0 ? 'no watermark yet' : `watermark ${new Date(Math.min(...watermarks)).toISOString()}`,
    ...(crashes === 0 ? [] : [`killed ${crashes} times`]),
  ]
  return parts.join('  ')
}

export function countsLine(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0 ? 'no results yet' : [...counts].map(([topic, count]) => `${topic}: ${count}`).join('  ')
}

/** Text for a terminal, which would obey control characters. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what it looks for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\uFFFD')
}
