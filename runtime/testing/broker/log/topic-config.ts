/** What a topic's settings say, in the broker's own names and with its defaults. */
export interface TopicConfig {
  readonly compacts: boolean
  readonly deletes: boolean
  /** Infinity: never. */
  readonly retentionMs: number
  readonly retentionBytes: number
  readonly deleteRetentionMs: number
  readonly maxMessageBytes: number
  readonly appendTime: boolean
  /** How far before and after the broker's time a record's own may lie. */
  readonly timestampBeforeMs: number
  readonly timestampAfterMs: number
  readonly segmentBytes: number
  readonly segmentMs: number
}

/** Settings that mean nothing here are let through, as those of replication. */
export function topicConfig(config: Readonly<Record<string, string>>, brokerMaxMessageBytes: number): TopicConfig {
  const number = (name: string, otherwise: number): number => {
    const text = config[name]
    return text === undefined ? otherwise : Number(text)
  }
  const bound = (name: string, otherwise: number): number => {
    const value = number(name, otherwise)
    return value < 0 || value >= Number.MAX_SAFE_INTEGER ? Infinity : value
  }
  const policy = (config['cleanup.policy'] ?? 'delete').split(',')
  return {
    compacts: policy.includes('compact'),
    deletes: policy.includes('delete'),
    retentionMs: bound('retention.ms', 7 * dayMs),
    retentionBytes: bound('retention.bytes', -1),
    deleteRetentionMs: bound('delete.retention.ms', dayMs),
    maxMessageBytes: number('max.message.bytes', brokerMaxMessageBytes),
    appendTime: config['message.timestamp.type'] === 'LogAppendTime',
    timestampBeforeMs: bound('message.timestamp.before.max.ms', Infinity),
    timestampAfterMs: bound('message.timestamp.after.max.ms', 3_600_000),
    segmentBytes: number('segment.bytes', 1024 ** 3),
    segmentMs: bound('segment.ms', 7 * dayMs),
  }
}

const dayMs = 24 * 3_600_000
