import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kubeconfig } from '../kubeconfig.ts'
import { run } from '../shell.ts'
import { files, network, nodeName } from './layout.ts'

/** Makes the cluster's authorities, certificates, service-account key and kubeconfig files. */
export async function makeCertificates(): Promise<void> {
  await mkdir(files.pki, { recursive: true, mode: 0o700 })
  await mkdir(files.config, { recursive: true })
  await Promise.all([makeAuthority('ca'), makeAuthority('front-proxy-ca'), makeAccountKey()])
  await Promise.all(certificates.map((certificate) => makeCertificate(certificate)))
  await writeKubeconfig('admin', files.kubeconfig)
  for (const name of ['controller-manager', 'scheduler', 'proxy', 'kubelet']) await writeKubeconfig(name, kubeconfigOf(name))
}

/** Of a component. */
export const kubeconfigOf = (component: string): string => join(files.config, `${component}.kubeconfig`)

/** A file of the authorities and certificates: `ca.crt`, `apiserver.key`. */
export const pki = (name: string): string => join(files.pki, name)

interface Certificate {
  readonly name: string
  readonly subject: string
  readonly usage: 'serverAuth' | 'clientAuth'
  readonly alternatives?: readonly string[]
  readonly authority?: string
}

const apiNames = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${network.domain}`]

const certificates: readonly Certificate[] = [
  {
    name: 'apiserver',
    subject: '/CN=kube-apiserver',
    usage: 'serverAuth',
    alternatives: [...['127.0.0.1', network.host, network.apiService].map((ip) => `IP:${ip}`), ...apiNames.map((name) => `DNS:${name}`)],
  },
  {
    name: 'kubelet-serving',
    subject: `/O=system:nodes/CN=system:node:${nodeName}`,
    usage: 'serverAuth',
    alternatives: [`IP:${network.host}`, `DNS:${nodeName}`],
  },
  { name: 'kubelet', subject: `/O=system:nodes/CN=system:node:${nodeName}`, usage: 'clientAuth' },
  { name: 'kubelet-client', subject: '/O=system:masters/CN=kube-apiserver-kubelet-client', usage: 'clientAuth' },
  { name: 'front-proxy-client', subject: '/CN=front-proxy-client', usage: 'clientAuth', authority: 'front-proxy-ca' },
  { name: 'admin', subject: '/O=system:masters/CN=admin', usage: 'clientAuth' },
  { name: 'controller-manager', subject: '/CN=system:kube-controller-manager', usage: 'clientAuth' },
  { name: 'scheduler', subject: '/CN=system:kube-scheduler', usage: 'clientAuth' },
  { name: 'proxy', subject: '/CN=system:kube-proxy', usage: 'clientAuth' },
]

const openssl = (...args: string[]): Promise<string> => run('openssl', args, { cwd: files.pki })

const makeKey = (name: string): Promise<string> => openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`)

const validity = ['-sha256', '-days', '3650']

async function makeAuthority(name: string): Promise<void> {
  await makeKey(name)
  const constraints = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature']
  await openssl('req', '-x509', '-new', '-key', `${name}.key`, ...validity, '-subj', `/CN=${name}`, '-out', `${name}.crt`, ...constraints)
}

async function makeAccountKey(): Promise<void> {
  await makeKey('accounts')
  await openssl('ec', '-in', 'accounts.key', '-pubout', '-out', 'accounts.pub')
}

async function makeCertificate({ name, subject, usage, alternatives, authority = 'ca' }: Certificate): Promise<void> {
  await makeKey(name)
  const extensions = [`extendedKeyUsage=${usage}`, 'keyUsage=critical,digitalSignature']
  if (alternatives) extensions.push(`subjectAltName=${alternatives.join(',')}`)
  await writeFile(pki(`${name}.ext`), extensions.join('\n'))
  await openssl('req', '-new', '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`)
  const issuer = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-set_serial', String(serials.next().value)]
  await openssl('x509', '-req', '-in', `${name}.csr`, ...issuer, ...validity, '-extfile', `${name}.ext`, '-out', `${name}.crt`)
}

const serials = (function* (): Generator<number, never> {
  for (let serial = 2; ; serial++) yield serial
})()

async function writeKubeconfig(name: string, file: string): Promise<void> {
  const read = (path: string): Promise<string> => readFile(pki(path), 'utf8')
  const server = `https://${network.host}:${network.apiPort}`
  const credentials = { certificate: await read(`${name}.crt`), key: await read(`${name}.key`) }
  await writeFile(file, kubeconfig(server, await read('ca.crt'), credentials), { mode: 0o600 })
}
