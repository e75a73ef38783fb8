/** What a broker needs for listeners that demand more of a client than an address. */
export interface BrokerSecurity {
  /** PEM: who must have signed the certificates of clients. */
  readonly authority: string
  /** PEM, of the broker; the key in PKCS #8. */
  readonly certificate: string
  readonly key: string
  /** User names and passwords of SASL/PLAIN; those of SCRAM are made while the broker runs. */
  readonly plainUsers: Readonly<Record<string, string>>
}

/** Sessions of SCRAM-SHA-256 end so soon after they began: a client has to authenticate again on the standing connection. */
export const scram256SessionMs = 11_000

/**
 * Properties of the listeners SASL (TLS, and any mechanism) and MUTUAL (TLS with a client certificate). The PEM stands in them as it is, so that a
 * container needs no further file.
 */
export function securityProperties({ authority, certificate, key, plainUsers }: BrokerSecurity): Readonly<Record<string, string | number>> {
  const module = (name: string, options: string): string => `org.apache.kafka.common.security.${name}LoginModule required${options};`
  const users = Object.entries(plainUsers).map(([user, password]) => ` user_${user}="${password}"`)
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': oneLine(certificate),
    'ssl.keystore.key': oneLine(key),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': oneLine(authority),
    'listener.name.mutual.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl.plain.sasl.jaas.config': module('plain.Plain', users.join('')),
    'listener.name.sasl.scram-sha-256.sasl.jaas.config': module('scram.Scram', ''),
    'listener.name.sasl.scram-sha-256.connections.max.reauth.ms': scram256SessionMs,
    'listener.name.sasl.scram-sha-512.sasl.jaas.config': module('scram.Scram', ''),
  }
}

/** As a file of Java's properties wants it. */
const oneLine = (pem: string): string => pem.trim().replaceAll('\n', String.raw`\n`)
