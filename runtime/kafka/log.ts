/** Where the data plane tells what it meets and handles by itself: constant message, facts as fields. */
export interface KafkaLog {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

export const silent: KafkaLog = { debug() {}, info() {}, warn() {}, error() {} }
