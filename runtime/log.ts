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
  return {
    debug: (message, more) => void logger.debug(message, more),
    info: (message, more) => void logger.info(message, more),
    warn: (message, more) => void logger.warn(message, more),
    error: (message, more) => void logger.error(message, more),
  }
}
