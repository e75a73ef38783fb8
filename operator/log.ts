import type { Writable } from 'node:stream'
import winston from 'winston'

/** A message that never varies, and the facts beside it. */
export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** A log that adds `fields` to each of its lines. */
  child(fields: Fields): Log
}

export type Fields = Readonly<Record<string, unknown>>
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One JSON object a line: time, level, message, then the fields. Made once by main and passed down. */
export function createLog(options: { level: LogLevel; output: Writable }): Log {
  const logger = winston.createLogger({
    level: options.level,
    format: winston.format.printf((info) => lineOf(info)),
    transports: [new winston.transports.Stream({ stream: options.output, eol: '\n' })],
  })
  return over(logger, {})
}

/** A log that writes nothing, for tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }

function over(logger: winston.Logger, bound: Fields): Log {
  const write =
    (level: LogLevel) =>
    (message: string, fields: Fields = {}): void => {
      logger.log({ level, message, fields: { ...bound, ...fields } })
    }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => over(logger, { ...bound, ...fields }),
  }
}

function lineOf(info: winston.Logform.TransformableInfo): string {
  const standard = { time: new Date().toISOString(), level: info.level, message: info.message }
  const parts = Object.entries(standard).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  for (const [name, value] of Object.entries((info['fields'] ?? {}) as Fields)) {
    const text = textOf(value)
    if (text !== undefined) parts.push(`${JSON.stringify(name in standard ? `field.${name}` : name)}:${text}`)
  }
  return `{${parts.join(',')}}`
}

/** A log must not fail: what has no JSON is named instead. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_, part: unknown) => plain(part))
  } catch {
    return '"(not serialisable)"'
  }
}

/** Errors become plain data: their name, message, own short facts and causes; never a body or a header. */
function plain(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (!(value instanceof Error)) return value
  const facts: Record<string, unknown> = { name: value.name, message: value.message.slice(0, 2_000) }
  for (const name of ['code', 'status', 'reason', 'retryAfterMs'] as const) {
    const fact: unknown = (value as Partial<Record<typeof name, unknown>>)[name]
    if (typeof fact === 'string' || typeof fact === 'number') facts[name] = fact
  }
  if (value.stack !== undefined && depth === 0) facts['stack'] = value.stack.slice(0, 4_000)
  if (value.cause !== undefined && depth < 4) facts['cause'] = plain(value.cause, depth + 1)
  return facts
}
