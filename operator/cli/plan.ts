/** `streamjob plan`: what a job would do, without Kafka. */
import { unsupportedFields } from '../streamjob/unsupported.ts'
import { stagesOf } from '../../runtime/plan/stages.ts'
import { readJobFile } from '../../runtime/dev/job-file.ts'
import type { JobFile } from '../../runtime/dev/job-file.ts'
import { names } from '../../runtime/protocol.ts'
import { defineVerb } from './verb.ts'

export const plan = defineVerb({
  usage: 'plan FILE',
  description: `Checks a job and prints what it would do: its stages, the topics that it reads and writes, the state that it keeps, and its fingerprint,
which is the same for programs that do the same. FILE is a StreamJob (.yaml) or a job module (.ts). Nothing is connected to.
Exits with 2, and says in which line, when the job can't be carried out.`,
  options: {
    json: { type: 'boolean', help: 'print JSON' },
  },
  async run({ values, positionals: [file = ''] }, terminal) {
    const job = await readJobFile(file)
    terminal.out(values.json ? `${JSON.stringify(jsonOf(job), null, 2)}\n` : textOf(job))
    const unsupported = job.manifest === null ? [] : unsupportedFields(job.manifest.spec)
    if (unsupported.length === 0) return 0
    terminal.err(`${file}: this version does not carry out: ${unsupported.join(', ')}\n`)
    return 2
  },
})

function textOf({ name, planned }: JobFile): string {
  return `job ${name}\n\n${planned.explain.trimEnd()}\n\nfingerprint ${planned.fingerprint}\n`
}

function jsonOf({ name, plan: nodes, planned, manifest }: JobFile): object {
  const applicationId = manifest?.spec.kafka.applicationId ?? `${manifest?.metadata.namespace ?? 'default'}.${name}`
  return {
    name,
    applicationId,
    fingerprint: planned.fingerprint,
    stages: planned.stages,
    topics: {
      reads: stagesOf(nodes).map(({ source }) => source.topic),
      writes: stagesOf(nodes).map(({ sink }) => sink.topic),
      late: manifest?.spec.errors.lateTopic ?? names.lateTopic(applicationId),
      deadLetters: names.deadLetterTopic(applicationId),
      internal: [names.jobTopic(applicationId), ...stagesOf(nodes).map(({ name: stage }) => names.changelogTopic(applicationId, 1, stage))],
    },
    explain: planned.explain,
  }
}
