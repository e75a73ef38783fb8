/**
 * What users of other engines will look for and this version does not carry out. Each entry says what works instead.
 * A word that stands here is answered with `not-supported-yet`, never with "unknown".
 */

/** What to say about a word; undefined when it is simply unknown. */
export function notSupportedYet(word: string): string | undefined {
  const entry = Object.hasOwn(unsupported, word) ? unsupported[word] : undefined
  return entry === undefined ? undefined : `${entry.what} not supported yet; ${entry.instead}`
}

const twoJobs = 'run several jobs, with topics between them'
const inTypeScript = 'write the program in TypeScript: '
const functions = 'map, filter, flatMap and window aggregates are'
const json = 'json is, with a declared schema or without'
const sinks = 'write to a topic with to: { topic }, and let a connector read it'

const unsupported: Readonly<Record<string, { readonly what: string; readonly instead: string }>> = {
  join: { what: 'joins are', instead: twoJobs },
  merge: { what: 'merging streams in steps is', instead: `${inTypeScript}a.merge(b)` },
  union: { what: 'merging streams in steps is', instead: `${inTypeScript}a.merge(b)` },
  split: { what: 'splitting a stream in steps is', instead: `${inTypeScript}stream.split({ NAME: (value) => ..., REST: otherwise })` },
  branch: { what: 'splitting a stream in steps is', instead: `${inTypeScript}stream.split({ NAME: (value) => ..., REST: otherwise })` },
  streams: { what: 'several chains in steps are', instead: `${inTypeScript}job(a.to(...), b.to(...))` },
  sideOutput: { what: 'side outputs of a process function are', instead: 'emit values that say what they are, and split the stream behind it' },
  topics: { what: 'a source of several topics is', instead: twoJobs },
  pattern: { what: 'a source of several topics is', instead: twoJobs },
  table: { what: 'tables are', instead: functions },
  topN: { what: 'top-N over a stream is', instead: 'topN is an aggregate of windows' },
  enrich: { what: 'async enrichment is', instead: functions },
  asyncMap: { what: 'async enrichment is', instead: functions },
  broadcast: { what: 'broadcast state is', instead: functions },
  trigger: {
    what: 'triggers of your own in steps are',
    instead:
      'write the program in TypeScript: global({ trigger }); a global window takes count or every, and emit says when one in time gives results',
  },
  complete: {
    what: 'results of all rows, changed or not, are',
    instead: 'who reads a topic has the last result of each key already: updates and early give each one that changed',
  },
  evictor: { what: 'evictors are', instead: 'process over a window gets all its records, and leaves out what it likes' },
  processingTime: {
    what: 'triggers by processing time are',
    instead: 'every fires in event time; a stream by processing time has processingTime() at its source',
  },
  avro: { what: 'Avro is', instead: json },
  protobuf: { what: 'Protobuf is', instead: json },
  debezium: { what: 'the Debezium envelope is', instead: json },
  bytes: { what: 'raw bytes as a format are', instead: json },
  string: { what: 'plain text as a format is', instead: json },
  schemaRegistry: { what: 'a schema registry is', instead: json },
  generator: { what: 'the generator source is', instead: 'read from a topic with from: { topic }' },
  files: { what: 'the files source is', instead: 'read from a topic; streamjob dev --input fills one from a file' },
  postgres: { what: 'the Postgres sink is', instead: sinks },
  http: { what: 'the HTTP sink is', instead: sinks },
  foreachBatch: { what: 'foreachBatch is', instead: sinks },
  stdout: { what: 'the stdout sink is', instead: 'streamjob dev prints the results of a topic' },
}
