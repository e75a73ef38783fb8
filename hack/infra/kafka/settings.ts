import type { BrokerOwner } from '../machine/paths.ts'
import { quorumProperties, type QuorumPlace } from './quorum.ts'
import { securityProperties, type BrokerSecurity } from './security.ts'

/** One broker. */
export interface BrokerSettings {
  readonly owner: BrokerOwner
  /** Of the data, the configuration and the log. */
  readonly directory: string
  /** On 127.0.0.1; the controller listens on the next one. */
  readonly port: number
  /** Where pods reach it; null: nowhere. */
  readonly pods: { readonly host: string; readonly port: number } | null
  /** Of the secured listeners, three and four ports above; absent: there are none. */
  readonly security?: BrokerSecurity
  /** Absent: it is a cluster by itself. */
  readonly quorum?: QuorumPlace
}

/** Below 32768: a connect to a free port of the ephemeral range can connect to itself, and then keeps the broker from its port. */
export const brokerPorts: Readonly<Record<BrokerOwner, number>> = {
  test: 19_092,
  demo: 19_192,
  dev: 19_292,
  bench: 19_392,
  outage: 19_492,
  secured: 19_592,
}

/** Addresses of the listeners, on this machine and from pods. */
export const addressOf = (settings: BrokerSettings): string => `127.0.0.1:${settings.port}`
/** See `addressOf`. */
export const podsAddressOf = ({ pods }: BrokerSettings): string | null => (pods ? `${pods.host}:${pods.port}` : null)
/** Of the secured listeners, if there are any: TLS with SASL, TLS with a client certificate. */
export const securedAddressesOf = ({ port }: Pick<BrokerSettings, 'port'>) => ({ sasl: `127.0.0.1:${port + 3}`, mutual: `127.0.0.1:${port + 4}` })

/**
 * The broker's properties, quick for tests: no initial rebalance delay, one-partition internal topics, timed-out transactions looked for every
 * second, no loss of records by retention (which goes by record time, and event time may lie years back).
 * @param bind Gives the address that a listener is bound to, where that is another than what clients use.
 */
export function brokerProperties(settings: BrokerSettings, logDirectory: string, bind: (host: string) => string = (host) => host): string {
  const controller = `127.0.0.1:${settings.port + 1}`
  const { sasl, mutual } = securedAddressesOf(settings)
  const listeners = {
    PLAINTEXT: addressOf(settings),
    ...(settings.pods && { PODS: `${settings.pods.host}:${settings.pods.port}` }),
    ...(settings.security && { SASL: sasl, MUTUAL: mutual }),
  }
  const list = (map: (address: string) => string): string[] => Object.entries(listeners).map(([name, address]) => `${name}://${map(address)}`)
  const bound = (address: string): string => address.replace(/^.*(?=:)/, bind)
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...list(bound), `CONTROLLER://${controller}`].join(','),
    'advertised.listeners': list((address) => address).join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PODS:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,MUTUAL:SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': logDirectory,
    'auto.create.topics.enable': false,
    'num.partitions': 1,
    'log.retention.ms': -1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1_000,
    // 128 MiB of heap by default
    'log.cleaner.dedupe.buffer.size': 8_388_608,
    'log.cleaner.backoff.ms': 1_000,
    'log.initial.task.delay.ms': 1_000,
    'num.network.threads': 2,
    'num.io.threads': 4,
    ...(settings.security && securityProperties(settings.security)),
    ...(settings.quorum && quorumProperties(settings.quorum)),
  }
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

/** Any 16 bytes in URL-safe base64 will do; a fixed one lets data survive a restart. */
export const kafkaClusterId = 'c3RyZWFtam9iLWhhY2stMQ'

/** Kafka's own Log4j configuration, short: warnings, and what the group coordinator does. */
export const log4jProperties = `rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c{1} %m%n
logger.server.name=kafka.server
logger.server.level=INFO
logger.group.name=org.apache.kafka.coordinator.group
logger.group.level=INFO
`
