/** How the Kafka credentials of a job get into its workers: as files, which the kubelet renews when a Secret is rotated. */
import type { Kafka as KafkaSpec } from '../../crds/spec/kafka.ts'
import { paths } from '../../runtime/config.ts'
import type { Pod } from '../kube/resources.ts'

type Kafka = Pick<KafkaSpec, 'tls' | 'sasl'>
type PodSpec = NonNullable<Pod['spec']>
type Volume = NonNullable<PodSpec['volumes']>[number]
type VolumeMount = NonNullable<PodSpec['containers'][number]['volumeMounts']>[number]

/** Names of the files; the worker's configuration and the operator agree on them. */
export const kafkaFiles = {
  ca: `${paths.kafkaCa}/ca.crt`,
  certificate: `${paths.kafkaClient}/tls.crt`,
  key: `${paths.kafkaClient}/tls.key`,
  username: `${paths.kafkaUser}/username`,
  password: `${paths.kafkaUser}/password`,
} as const

/** One volume per Secret that the connection names. */
export function kafkaSecretVolumes(kafka: Kafka): Volume[] {
  return mountsOf(kafka).map(({ name, secret, key }) => ({
    name,
    secret: { secretName: secret, defaultMode: 0o440, ...(key === undefined ? {} : { items: [{ key, path: 'ca.crt' }] }) },
  }))
}

export function kafkaSecretMounts(kafka: Kafka): VolumeMount[] {
  return mountsOf(kafka).map(({ name, path }) => ({ name, mountPath: path, readOnly: true }))
}

interface SecretMount {
  readonly name: string
  readonly secret: string
  readonly path: string
  /** Only this key is mounted. */
  readonly key?: string
}

function mountsOf({ tls, sasl }: Kafka): readonly SecretMount[] {
  return [
    ...(tls?.caSecret ? [{ name: 'kafka-ca', secret: tls.caSecret.name, key: tls.caSecret.key, path: paths.kafkaCa }] : []),
    ...(tls?.clientSecret ? [{ name: 'kafka-client', secret: tls.clientSecret, path: paths.kafkaClient }] : []),
    ...(sasl ? [{ name: 'kafka-user', secret: sasl.secret, path: paths.kafkaUser }] : []),
  ]
}
