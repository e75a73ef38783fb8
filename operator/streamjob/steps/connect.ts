import { annotations } from '../../../crds/names.ts'
import { reasonOfErrorCode } from '../../../crds/reasons.ts'
import { names } from '../../../runtime/protocol.ts'
import { StreamJobError } from '../../../runtime/errors.ts'
import { readKafkaAccess, SecretMissing } from '../../kafka/credentials.ts'
import type { Finding } from '../status/finding.ts'
import { end, fails, holds, next } from '../status/finding.ts'
import { identityProblem } from '../operations/job-record.ts'
import type { Step, Visit } from '../visit.ts'
import { found } from '../visit.ts'

/** Connects to the job's brokers and reads whom the job's things there belong to. Nothing is touched unless they belong to this resource. */
export const connect: Step = {
  name: 'connect',
  async run(visit) {
    const problem = await connectKafka(visit)
    if (problem !== null) {
      found(visit, problem)
      return end
    }
    const conflict = identityConflict(visit)
    found(visit, conflict ?? fails('IdentityConflict', 'IdentityConfirmed', ''))
    return conflict === null ? next : end
  },
}

/** Opens the visit's connection and reads cluster id and job record; answers what is wrong, if something is. */
export async function connectKafka(visit: Visit): Promise<Finding | null> {
  const { world, owner, signal } = visit
  try {
    const access = await readKafkaAccess(world.kube, owner.namespace, visit.job.spec.kafka, signal)
    visit.kafka = world.connectKafka(access, visit.applicationId, world.clock, signal)
    visit.facts.kafkaCluster = await visit.kafka.clusterId()
    visit.facts.record = await visit.kafka.readJobRecord()
    return null
  } catch (error) {
    const finding = kafkaFinding(error)
    if (finding === null) throw error
    return finding
  }
}

/** What an error of the way to Kafka means for the job; null when it is none. */
export function kafkaFinding(error: unknown): Finding | null {
  if (error instanceof SecretMissing) return fails('TopicsReady', 'SecretMissing', error.message)
  if (error instanceof StreamJobError && error.code.startsWith('kafka-')) return fails('TopicsReady', reasonOfErrorCode(error.code), error.message)
  return null
}

/** The finding that keeps the operator from touching anything in Kafka; null when all there is this job's own. */
export function identityConflict(visit: Visit): Finding | null {
  const { job, facts, applicationId } = visit
  const adopted = job.metadata.annotations[annotations.adopt]
  const record = facts.record ?? null
  if (record === null) {
    if (job.status?.epoch === undefined || adopted === job.metadata.uid) return null
    const topic = names.jobTopic(applicationId)
    const message = `the job had epoch ${job.status.epoch}, but ${topic} on these brokers holds no record: was it deleted, or are these other brokers? To start afresh set the annotation ${annotations.adopt}: ${job.metadata.uid}`
    return holds('IdentityConflict', 'KafkaClusterChanged', message)
  }
  const problem = identityProblem(record.identity, ownIdentity(visit))
  if (problem === null || adopted === record.identity.uid) return null
  const { uid, kubernetesCluster, kafkaCluster } = record.identity
  const own = ownIdentity(visit)
  const message = {
    ResourceReplaced: `the job record of ${applicationId} belongs to the StreamJob with uid ${uid}, this one is ${own.uid}`,
    KubernetesClusterChanged: `the job record of ${applicationId} was written from the Kubernetes cluster ${kubernetesCluster}, this one is ${own.kubernetesCluster}`,
    KafkaClusterChanged: `the job record of ${applicationId} names the Kafka cluster ${kafkaCluster}, these brokers are ${own.kafkaCluster}`,
  }[problem]
  return holds('IdentityConflict', problem, `${message}; nothing is touched. To take the job over set the annotation ${annotations.adopt}: ${uid}`)
}

export function ownIdentity(visit: Visit) {
  const { job, facts, world } = visit
  return { uid: job.metadata.uid, kubernetesCluster: world.settings.kubernetesCluster, kafkaCluster: facts.kafkaCluster ?? '' }
}
