/** `streamjob plan`: what a job would do, without Kafka. */
import { unsupportedFields } from '../streamjob/unsupported.ts'
import { maxDriftOf, sinksOf, sourcesOf, stagesOf } from '../../runtime/plan/structure/stages.ts'
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
    const job = await readJobFile(file, { signal: terminal.signal })
    terminal.out(values.json ? `${JSON.stringify(jsonOf(job), null, 2)}\n` : textOf(job))
    const unsupported = job.manifest === null ? [] : unsupportedFields(job.manifest.spec)
    if (unsupported.length === 0) return 0
    terminal.err(`${file}: this version does not carry out: ${unsupported.join(', ')}\n`)
    return 2
  },
})

function textOf(job: JobFile): string {
  const { name, planned } = job
  return `job ${name}\n\n${planned.explain.trimEnd()}\n\n${droppedOf(job)}\n\nfingerprint ${planned.fingerprint}\n`
}

/** What becomes of records that can't take part: the topic that keeps them, by reason. */
function droppedOf(job: JobFile): string {
  const topics = sideTopics(job)
  const lines = [
    ['undecodable', topics.deadLetters],
    ['processing', topics.deadLetters],
    ['late', topics.late],
  ] as const
  return [`records that can't be processed`, ...lines.map(([reason, topic]) => `  ${reason.padEnd(11)}  ${fateOf(job, reason, topic)}`)].join('\n')
}

function fateOf({ manifest }: JobFile, reason: 'undecodable' | 'processing' | 'late', topic: string): string {
  switch (manifest?.spec.errors[reason] ?? 'DeadLetter') {
    case 'DeadLetter':
      return `go to ${topic}`
    case 'Skip':
      return 'are skipped'
    case 'Fail':
      return 'stop the job'
  }
}

function applicationIdOf({ name, manifest }: JobFile): string {
  return manifest?.spec.kafka.applicationId ?? `${manifest?.metadata.namespace ?? 'default'}.${name}`
}

function sideTopics(job: JobFile): { readonly late: string; readonly deadLetters: string } {
  const applicationId = applicationIdOf(job)
  return { late: job.manifest?.spec.errors.lateTopic ?? names.lateTopic(applicationId), deadLetters: names.deadLetterTopic(applicationId) }
}

function jsonOf(job: JobFile): object {
  const { name, plan: nodes, planned } = job
  const applicationId = applicationIdOf(job)
  const stages = stagesOf(nodes)
  return {
    name,
    applicationId,
    fingerprint: planned.fingerprint,
    stages: planned.stages,
    topics: {
      reads: sourcesOf(stages).map(({ topic }) => topic),
      writes: sinksOf(stages).map(({ topic }) => topic),
      ...sideTopics(job),
      internal: [
        names.jobTopic(applicationId),
        ...(stages.some((stage) => maxDriftOf(stage) !== null) ? [names.alignmentTopic(applicationId)] : []),
        ...stages.map(({ name: stage }) => names.changelogTopic(applicationId, 1, stage)),
        ...stages.flatMap(({ name: stage, source }) => (source.kind === 'repartition' ? [names.repartitionTopic(applicationId, 1, stage)] : [])),
      ],
    },
    explain: planned.explain,
  }
}
