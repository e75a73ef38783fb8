import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './shell.ts'

/** A certificate that an authority of the same directory signs. */
export interface Certificate {
  readonly name: string
  readonly subject: string
  readonly usage: 'serverAuth' | 'clientAuth'
  /** Names that it is good for: `DNS:localhost`, `IP:127.0.0.1`. */
  readonly alternatives?: readonly string[]
  readonly authority?: string
}

/** Makes `NAME.crt` and `NAME.key` of an authority that lives for ten years. */
export async function makeAuthority(directory: string, name: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await makeKey(directory, name)
  const constraints = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature']
  await openssl(directory, 'req', '-x509', '-new', '-key', `${name}.key`, ...validity, '-subj', `/CN=${name}`, '-out', `${name}.crt`, ...constraints)
}

/** Makes `NAME.crt` and `NAME.key`, signed by the authority. */
export async function makeCertificate(directory: string, { name, subject, usage, alternatives, authority = 'ca' }: Certificate): Promise<void> {
  await makeKey(directory, name)
  const extensions = [`extendedKeyUsage=${usage}`, 'keyUsage=critical,digitalSignature']
  if (alternatives) extensions.push(`subjectAltName=${alternatives.join(',')}`)
  await writeFile(join(directory, `${name}.ext`), extensions.join('\n'))
  await openssl(directory, 'req', '-new', '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`)
  const issuer = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-set_serial', String(serials.next().value)]
  await openssl(directory, 'x509', '-req', '-in', `${name}.csr`, ...issuer, ...validity, '-extfile', `${name}.ext`, '-out', `${name}.crt`)
}

/** Makes `accounts.key`, which signs the tokens of service accounts, and `accounts.pub`. */
export async function makeAccountKey(directory: string): Promise<void> {
  await makeKey(directory, 'accounts')
  await openssl(directory, 'pkey', '-in', 'accounts.key', '-pubout', '-out', 'accounts.pub')
}

/** Runs openssl in the directory. */
export const openssl = (directory: string, ...args: string[]): Promise<string> => run('openssl', args, { cwd: directory })

/** PKCS #8: the form that Go, Java and Node read alike. */
const makeKey = (directory: string, name: string): Promise<string> =>
  openssl(directory, 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${name}.key`)

const validity = ['-sha256', '-days', '3650']

const serials = (function* (): Generator<number, never> {
  for (let serial = 2; ; serial++) yield serial
})()
