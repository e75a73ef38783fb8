/** `streamjob dev`: a job here, in one process, without a cluster. */
import { realBrokers, virtualBrokers } from '../../runtime/dev/brokers.ts'
import type { Brokers } from '../../runtime/dev/brokers.ts'
import { DroppedRecords } from '../../runtime/dev/dropped.ts'
import { readJobFile } from '../../runtime/dev/job-file.ts'
import type { JobFile } from '../../runtime/dev/job-file.ts'
import type { InputFile } from '../../runtime/dev/input.ts'
import type { DevOptions } from '../../runtime/dev/run.ts'
import { runDev } from '../../runtime/dev/run.ts'
import { sinksOf, stagesOf } from '../../runtime/plan/structure/stages.ts'
import { unsupportedFields } from '../streamjob/unsupported.ts'
import { LiveTable, plain } from './live-table.ts'
import type { Terminal } from './terminal.ts'
import { countOf, defineVerb, usageError } from './verb.ts'

export const dev = defineVerb({
  usage: 'dev FILE',
  description: `Runs a job here, in one process, without a cluster. FILE is a StreamJob (.yaml) or a job module (.ts). The brokers, credentials and
applicationId of the StreamJob are not used: it runs as default.NAME on brokers inside of this process, which hold everything in memory, or on
those of --kafka. Ctrl-C commits and ends.

With --kafka and --input every run starts afresh: topics that earlier runs made, and the job's state and positions, are deleted first. Topics that
something else has made are never deleted. Without --input a run goes on where the last one ended.`,
  options: {
    kafka: { type: 'string', value: 'BROKERS', help: 'host:port of real brokers, with commas between them; or in STREAMJOB_KAFKA' },
    input: {
      type: 'string',
      value: 'TOPIC=FILE',
      multiple: true,
      help: 'send the records of a file first; repeatable. One a line:\n{"key": "a", "value": {}, "timestamp": 0, "partition": 0, "headers": {}}\nwhere all but value may be left out, and {"base64": "..."} is raw bytes',
    },
    partitions: { type: 'string', value: 'N', help: 'partitions of topics that are made (4)' },
    output: {
      type: 'string',
      value: 'DIR',
      help: 'at the end write every output topic to DIR/TOPIC.ndjson, those of late\nrecords and dead letters too; without it results are printed as they come',
    },
    parallelism: { type: 'string', value: 'N', help: 'number of workers (that of the StreamJob, or 1)' },
    'until-idle': { type: 'boolean', help: 'end when all input is read, with every window closed' },
    'crash-every': { type: 'string', value: 'N', help: 'kill a worker about every N records and let it recover; commits are frequent then' },
    fresh: { type: 'boolean', help: 'start afresh, or with --no-fresh go on and add to the topics that there are\n(afresh with --input)' },
    verbose: { type: 'boolean', help: 'print what the workers log' },
  },
  async run({ values, positionals: [file = ''] }, terminal) {
    const inputs = (values.input ?? []).map(inputOf)
    const partitions = countOf('dev', 'partitions', values.partitions, 4)
    const crashEvery = values['crash-every'] === undefined ? null : countOf('dev', 'crash-every', values['crash-every'], 1)
    const given = values.parallelism === undefined ? null : countOf('dev', 'parallelism', values.parallelism, 1)
    const untilIdle = values['until-idle'] ?? false
    const job = await readJobFile(file, { signal: terminal.signal })
    noteUnused(file, job, terminal)
    const brokers = brokersOf(values.kafka ?? terminal.env['STREAMJOB_KAFKA'])
    const results = new Set(sinksOf(stagesOf(job.plan)).map(({ topic }) => topic))
    const table = new LiveTable(terminal, job.name, results)
    const dropped = new DroppedRecords()
    await runDev({
      job,
      brokers,
      inputs,
      partitions,
      parallelism: given ?? Math.max(1, job.parallelism),
      output: values.output ?? null,
      untilIdle,
      crashEvery,
      fresh: values.fresh ?? inputs.length > 0,
      report: {
        note: (text) => table.note(text),
        record: (record) => {
          if (!results.has(record.topic)) dropped.add(record)
          table.record(record)
        },
        progress: (progress) => (values.output === undefined ? table.progress(progress) : undefined),
      },
      log: logTo(table, values.verbose ?? false),
      signal: terminal.signal,
      clock: Date.now,
      random: Math.random,
    })
    if (values.output === undefined) table.finish()
    for (const line of dropped.summary()) terminal.err(`${plain(line)}\n`)
    return untilIdle && terminal.signal.aborted ? 130 : 0
  },
})

function inputOf(text: string): InputFile {
  const at = text.indexOf('=')
  const input = { topic: text.slice(0, at), file: text.slice(at + 1) }
  if (at <= 0 || input.file === '') throw usageError('dev', `--input must be TOPIC=FILE, not ${JSON.stringify(text)}`)
  return input
}

function brokersOf(text: string | undefined): Brokers {
  if (text === undefined || text === '') return virtualBrokers()
  const brokers = text.split(',').map((broker) => broker.trim())
  const wrong = brokers.find((broker) => !/^(\[[0-9a-fA-F:.]+\]|[-._a-zA-Z0-9]+):\d{1,5}$/.test(broker))
  if (wrong !== undefined) throw usageError('dev', `--kafka: write a broker as host:port, such as localhost:9092, not ${JSON.stringify(wrong)}`)
  return realBrokers(brokers)
}

function noteUnused(file: string, { manifest }: JobFile, terminal: Terminal): void {
  const unused = manifest === null ? [] : unsupportedFields(manifest.spec)
  if (unused.length > 0) terminal.err(`${file}: not carried out: ${unused.join(', ')}\n`)
}

/** Warnings and worse; everything when asked for. */
function logTo(table: LiveTable, verbose: boolean): DevOptions['log'] {
  const write = (level: string, always: boolean): DevOptions['log']['info'] => {
    return (message, fields) => {
      if (always || verbose) table.note(`${level}: ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`)
    }
  }
  return { debug: () => {}, info: write('info', false), warn: write('warning', true), error: write('error', true) }
}
