import { z } from 'zod'
import { reservedSegments } from '../names.ts'
import { dataKey, httpUrl, objectName } from '../schema/formats.ts'
import { celList, withRules } from '../schema/rules.ts'
import { list, map, text } from '../schema/scalars.ts'

const broker = text(
  { max: 270 },
  { pattern: '^([-._a-zA-Z0-9]{1,253}|\\[[0-9a-fA-F:.]{2,45}\\]):[0-9]{1,5}$', message: 'write a broker as host:port, such as kafka-0:9093' },
)

const reserved = `[.](${reservedSegments.join('|')})([.]|$)`
const reservedRegExp = new RegExp(reserved)

const applicationId = withRules(
  text(
    { max: 120 },
    {
      pattern: '^[-_a-zA-Z0-9]+([.][-_a-zA-Z0-9]+)*$',
      message: 'write letters, digits, underscores and dashes, in one or more parts with dots between',
    },
  ),
  [
    {
      cel: `!self.matches('${reserved}')`,
      check: (value) => !reservedRegExp.test(value),
      message: `no part behind the first dot may be one of ${reservedSegments.join(', ')}: these name topics of a job`,
    },
  ],
)

const tls = z.object({
  caSecret: z
    .object({
      name: objectName().describe('Name of the Secret.'),
      key: dataKey().default('ca.crt').describe('Key that holds the certificates, PEM.'),
    })
    .exactOptional()
    .describe('Certificates that the brokers are checked against; absent: those the image trusts.'),
  clientSecret: objectName().exactOptional().describe('Secret of type kubernetes.io/tls with the client certificate.'),
})

const sasl = z.object({
  mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']).describe('Mechanism of the brokers.'),
  secret: objectName().describe('Secret of type kubernetes.io/basic-auth. It is read again at every authentication.'),
})

const schemaRegistry = z.object({
  url: httpUrl().describe('Address of the registry.'),
  secret: objectName().exactOptional().describe('Secret of type kubernetes.io/basic-auth.'),
})

/** Topic settings on which exactly-once rests; the operator sets them itself. */
const ownedTopicSettings = [
  'cleanup.policy',
  'delete.retention.ms',
  'message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms',
  'message.timestamp.type',
  'retention.bytes',
  'retention.ms',
] as const

const internalTopics = z.object({
  replicationFactor: withRules(z.int().min(-1).max(100), [
    { cel: 'self != 0', check: (value) => value !== 0, message: "write a count of replicas, or -1 for the broker's default" },
  ])
    .default(-1)
    .describe("Replicas of each topic that the operator makes; -1: the broker's default."),
  partitions: z.int().min(1).max(10_000).default(12).describe('Partitions of each repartition topic; more than one worker each is of no use.'),
  config: withRules(map(text({ min: 0, max: 1024 }), { max: 32 }), [
    {
      cel: `!self.exists(setting, setting in ${celList(ownedTopicSettings)})`,
      check: (value) => !Object.keys(value).some((setting) => (ownedTopicSettings as readonly string[]).includes(setting)),
      message: `these settings belong to streamjob and can't be set: ${ownedTopicSettings.join(', ')}`,
    },
  ])
    .default({})
    .describe('Further topic settings, such as `min.insync.replicas`.'),
})

/** How the job reaches its brokers, and what it is called there. */
export const Kafka = withRules(
  z.object({
    brokers: list(broker, { min: 1, max: 32 }).describe('Some of the brokers, as host:port.'),
    applicationId: applicationId
      .exactOptional()
      .describe('Prefix of the group, the transactional ids and all internal topics. When absent it is NAMESPACE.NAME of the job.'),
    tls: tls.exactOptional().describe('Speak TLS; `{}` trusts what the image trusts.'),
    sasl: sasl.exactOptional().describe('Authenticate by SASL.'),
    schemaRegistry: schemaRegistry.exactOptional().describe('Where Avro and Protobuf schemas are found.'),
    internalTopics: internalTopics.prefault({}).describe('Topics that the operator makes for the job; applied when a topic is made.'),
  }),
  [
    {
      transition:
        'has(self.applicationId) == has(oldSelf.applicationId) && (!has(self.applicationId) || self.applicationId == oldSelf.applicationId)',
      fieldPath: '.applicationId',
      message: "applicationId can't be changed, added or removed: group, positions and state are found by it; make a new StreamJob instead",
    },
  ],
)
export type Kafka = z.output<typeof Kafka>
