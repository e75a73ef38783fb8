import { spawn } from 'node:child_process'
import { CommandFailed, environment, run } from '../machine/shell.ts'
import type { Broker } from './broker.ts'

/** A record as Kafka's console consumer prints it. Bytes are read as UTF-8. */
export interface ConsoleRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Committed records of a topic from its beginning to its end, as Kafka's own console consumer reads them, in the order in which it reads them.
 * The end is where nothing comes for `idleMs`.
 */
export async function* consoleConsume(broker: Broker, topic: string, idleMs = 5_000): AsyncGenerator<ConsoleRecord> {
  const printed = ['timestamp', 'partition', 'offset', 'headers', 'key', 'value'].map((part) => `print.${part}=true`)
  const separators = [`key.separator=${fieldEnd}`, `line.separator=${recordEnd}`, `headers.separator=${headerEnd}`, `null.literal=${nullLiteral}`]
  const properties = [...printed, ...separators].flatMap((property) => ['--formatter-property', property])
  const args = ['--topic', topic, '--from-beginning', '--isolation-level', 'read_committed', '--timeout-ms', String(idleMs), ...properties]
  for await (const text of toolOutput(broker, consumerClass, args, recordEnd)) yield parseConsoleRecord(text)
}

/** What the console consumer prints of one record, with our separators. */
export function parseConsoleRecord(text: string): ConsoleRecord {
  const [timestamp = '', partition = '', offset = '', headers = '', key = '', ...value] = text.split(fieldEnd)
  const pairs = headers === 'NO_HEADERS' ? [] : headers.split(headerEnd).map((header) => splitOnce(header, ':'))
  return {
    timestamp: Number(splitOnce(timestamp, ':')[1]),
    partition: Number(splitOnce(partition, ':')[1]),
    offset: Number(splitOnce(offset, ':')[1]),
    headers: Object.fromEntries(pairs),
    key: orNull(key),
    value: orNull(value.join(fieldEnd)),
  }
}

/**
 * The records of the group coordinator about one group, oldest first: each is the group as it was after a change, null when it was deleted. Groups that
 * commit offsets write to the same topic all the time: the end is where nothing about a group has been printed for `idleMs`.
 */
export async function groupRecords(broker: Broker, group: string, idleMs = 5_000): Promise<readonly (GroupRecord | null)[]> {
  const formatter = ['--formatter', 'org.apache.kafka.tools.consumer.GroupMetadataMessageFormatter']
  const args = ['--topic', '__consumer_offsets', '--from-beginning', '--timeout-ms', String(idleMs), ...formatter]
  const output = (await Array.fromAsync(toolOutput(broker, consumerClass, args, '\n', idleMs))).join('\n')
  // The formatter puts nothing between two records.
  const records = output.split(/(?=\{"key":\{"type":)/).filter((text) => text.startsWith('{"key"'))
  return records.map((text) => JSON.parse(text) as StoredGroup).flatMap(({ key, value }) => (key.data.group === group ? [value?.data ?? null] : []))
}

interface StoredGroup {
  readonly key: { readonly data: { readonly group: string } }
  readonly value: { readonly data: GroupRecord } | null
}

/** A group as the broker stores it. */
export interface GroupRecord {
  readonly generation: number
  readonly leader: string | null
  readonly members: readonly { readonly memberId: string; readonly groupInstanceId: string | null; readonly assignment: string }[]
}

/** State of every transactional id that the broker knows: `Ongoing`, `CompleteCommit`, `Empty` and so on. */
export async function transactionStates(broker: Broker): Promise<ReadonlyMap<string, string>> {
  const [command, args] = await broker.driver.tool(broker.settings, 'org.apache.kafka.tools.TransactionsCommand', [...bootstrap(broker), 'list'])
  const rows = (await run(command, args)).split('\n').map((line) => line.trim().split(/\s+/))
  const header = rows.findIndex((row) => row[0] === 'TransactionalId')
  return new Map(rows.slice(header + 1).flatMap((row) => (row.length >= 4 ? [[row[0]!, row[3]!] as const] : [])))
}

const consumerClass = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
const [recordEnd, fieldEnd, headerEnd, nullLiteral] = ['\x1c\n', '\x1d', '\x1e', '\x1f']

/** Inside a container the broker's loopback address is the same. */
const bootstrap = (broker: Broker): readonly string[] => ['--bootstrap-server', broker.address]

/**
 * Pieces of a tool's output. Reading to the end by a time-out is no failure; a tool that printed nothing and failed is.
 * @param quietMs The tool is ended when, after its first words, it prints nothing for so long.
 */
async function* toolOutput(
  broker: Broker,
  toolClass: string,
  args: readonly string[],
  separator: string,
  quietMs: number | null = null,
): AsyncGenerator<string> {
  const [command, words] = await broker.driver.tool(broker.settings, toolClass, [...bootstrap(broker), ...args])
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], env: environment() })
  const errors: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text))
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  let rest = ''
  let pieces = 0
  let quiet: NodeJS.Timeout | undefined
  try {
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      clearTimeout(quiet)
      if (quietMs !== null) quiet = setTimeout(() => child.kill(), quietMs)
      const found = (rest + String(chunk)).split(separator)
      rest = found.pop() ?? ''
      pieces += found.length
      yield* found
    }
    if (rest.trim() !== '') {
      pieces += 1
      yield rest
    }
    const code = await ended
    const processed = /Processed a total of \d+ messages/.test(errors.join(''))
    if (code !== 0 && pieces === 0 && !processed) throw new CommandFailed(toolClass, code, errors.join('').slice(-4_000))
  } finally {
    clearTimeout(quiet)
    child.kill()
  }
}

const orNull = (text: string): string | null => (text === nullLiteral ? null : text)

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}
