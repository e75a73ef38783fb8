/** The log of a process: JSON lines on standard output, a constant message plus fields. Made once in a main.ts and passed down. */
import winston from 'winston'

export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

export function createLogger(level: string, fields: Record<string, unknown>): Logger {
  const logger = winston.createLogger({
    level,
    defaultMeta: fields,
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Console()],
  })
  // A field named `message` would be run together with the message.
  const write = (entryLevel: string, message: string, { message: detail, ...more }: Record<string, unknown> = {}): void => {
    logger.log({ level: entryLevel, message, ...(detail === undefined ? {} : { detail }), ...more })
  }
  return {
    debug: (message, more) => write('debug', message, more),
    info: (message, more) => write('info', message, more),
    warn: (message, more) => write('warn', message, more),
    error: (message, more) => write('error', message, more),
  }
}
