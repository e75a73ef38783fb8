import type { Reason } from '../../../crds/reasons.ts'
import { names, sourceTopicOf } from '../../../runtime/protocol.ts'
import { wantedTopics } from '../../kafka/wanted-topics.ts'
import type { Release } from '../../resources/release.ts'
import type { Finding } from '../status/finding.ts'
import { end, fails, holds, next } from '../status/finding.ts'
import { mayBeReplaced } from '../operations/table.ts'
import type { Step, Visit } from '../visit.ts'
import { found, known } from '../visit.ts'
import { kafkaFinding } from './connect.ts'

/** Every topic that the program reads and writes exists, or is made where that was asked for; then the job's own topics are made. */
export const topics: Step = {
  name: 'topics',
  async run(visit) {
    const release = known(visit, 'wanted')
    visit.facts.topics = new Map()
    if (release === null) return next
    try {
      if (await ready(visit, release)) return next
    } catch (error) {
      const finding = kafkaFinding(error)
      if (finding === null) throw error
      found(visit, finding)
    }
    // A job that runs may still be stopped or go on at its size; a new one waits.
    return known(visit, 'current') === null && visit.operation === undefined ? end : next
  },
}

/** Whether the release that is to run has its topics: the newer one, where it may still take the place of the other, if it has them. */
async function ready(visit: Visit, release: Release): Promise<boolean> {
  const { operation, facts } = visit
  const newer = facts.newer ?? null
  const candidates = newer !== null && operation && mayBeReplaced(operation, facts.record?.operationId ?? null) ? [newer, release] : [release]
  const problems: Finding[] = []
  for (const candidate of candidates) {
    const problem = await prepare(visit, candidate)
    if (problem === null) {
      facts.wanted = candidate
      found(visit, holds('TopicsReady', 'TopicsPresent', ''))
      return true
    }
    problems.push(problem)
  }
  // What the spec asks for by now is what somebody is looking at.
  found(visit, ...problems.slice(0, 1))
  return false
}

async function prepare(visit: Visit, release: Release): Promise<Finding | null> {
  const kafka = connected(visit)
  const { stages } = release.plan
  const record = known(visit, 'record')
  const lineage = record?.lineage ?? 1
  const changelogs = stages.map(({ name }) => names.changelogTopic(visit.applicationId, lineage, name))
  const external = stages.flatMap(({ sourceTopic, sinks }) => [...(sourceTopic === null ? [] : [sourceTopic]), ...sinks.map(({ topic }) => topic)])
  const between = stages.filter((stage) => stage.sourceTopic === null).map((stage) => sourceTopicOf(visit.applicationId, lineage, stage))
  const aligned = stages.some((stage) => stage.aligned) ? [names.alignmentTopic(visit.applicationId)] : []
  const own = [
    names.jobTopic(visit.applicationId),
    ...aligned,
    names.lateTopic(visit.applicationId),
    names.deadLetterTopic(visit.applicationId),
    ...between,
  ]
  const described = await kafka.describeTopics([...external, ...changelogs, ...own])
  visit.facts.topics = described

  const missing = [
    ...stages.flatMap(({ sourceTopic: topic }) => (topic === null || described.has(topic) ? [] : [`${topic} (source)`])),
    ...new Set(
      stages.flatMap(({ sinks }) => sinks.flatMap(({ topic, create }) => (create !== null || described.has(topic) ? [] : [`${topic} (sink)`]))),
    ),
  ]
  const { lateTopic } = visit.job.spec.errors
  if (lateTopic !== undefined && !(await kafka.describeTopics([lateTopic])).has(lateTopic)) missing.push(`${lateTopic} (late records)`)
  if (missing.length > 0) return problem('TopicMissing', `these topics do not exist: ${missing.join(', ')}; create them, or declare to.create`)
  const changed = changedTopics(visit, release)
  if (changed !== null) return changed

  const wanted = wantedTopics(visit.applicationId, lineage, visit.job.spec, release.plan.stages, described)
  const toMake = wanted.filter(({ topic, partitions }) => (described.get(topic)?.partitions ?? 0) < (changelogs.includes(topic) ? partitions : 1))
  if (toMake.length > 0) {
    await kafka.ensureTopics(toMake)
    visit.facts.topics = await kafka.describeTopics([...external, ...changelogs, ...own])
    const still = toMake.find(({ topic }) => !visit.facts.topics?.has(topic))
    if (still !== undefined) return problem('CreatingTopics', `${still.topic} is being made`)
  }
  return null
}

/** Topics that are not what the job record says: made again under the same name, or with other partitions where keys are tied to them. */
function changedTopics(visit: Visit, release: Release): Finding | null {
  const record = known(visit, 'record')
  const described = known(visit, 'topics')
  for (const { name, sourceTopic, partitions, changelogId } of record?.stages ?? []) {
    const stage = release.plan.stages.find((candidate) => candidate.name === name)
    if (stage === undefined || sourceTopicOf(visit.applicationId, record?.lineage ?? 1, stage) !== sourceTopic) continue
    const changelog = names.changelogTopic(visit.applicationId, record?.lineage ?? 1, name)
    const id = described.get(changelog)?.id
    if (id !== changelogId) {
      const what = id === undefined ? 'was deleted' : 'was deleted and made again'
      return problem('TopicReplaced', `the changelog ${changelog} ${what}: the positions and the state in it are lost`)
    }
    if (stage.sourceTopic === null && !described.has(sourceTopic))
      return problem('TopicReplaced', `${sourceTopic} was deleted: what the stages of the job sent to each other in it is lost`)
    const now = described.get(sourceTopic)?.partitions ?? partitions
    if (now < partitions) return problem('PartitionCountChanged', `${sourceTopic} had ${partitions} partitions and now has ${now}`)
    if (now > partitions && stage.keyField !== null) {
      return problem(
        'PartitionCountChanged',
        `${sourceTopic} had ${partitions} partitions and now has ${now}: keys (${stage.keyField}) have moved between them`,
      )
    }
  }
  return null
}

function problem(reason: Reason, message: string): Finding {
  return fails('TopicsReady', reason, message)
}

export function connected(visit: Visit) {
  if (visit.kafka === null) throw new Error('no step before has connected to Kafka')
  return visit.kafka
}
