import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate } from '../../machine/certificates.ts'
import { makeAccountKey, makeAuthority, makeCertificate } from '../../machine/certificates.ts'
import { kubeconfig } from '../kubeconfig.ts'
import { files, network, nodeName } from './layout.ts'

/** Makes the cluster's authorities, certificates, service-account key and kubeconfig files. */
export async function makeCertificates(): Promise<void> {
  await mkdir(files.pki, { recursive: true, mode: 0o700 })
  await mkdir(files.config, { recursive: true })
  await Promise.all([makeAuthority(files.pki, 'ca'), makeAuthority(files.pki, 'front-proxy-ca'), makeAccountKey(files.pki)])
  await Promise.all(certificates.map((certificate) => makeCertificate(files.pki, certificate)))
  await writeKubeconfig('admin', files.kubeconfig)
  for (const name of ['controller-manager', 'scheduler', 'proxy', 'kubelet']) await writeKubeconfig(name, kubeconfigOf(name))
}

/** Of a component. */
export const kubeconfigOf = (component: string): string => join(files.config, `${component}.kubeconfig`)

/** A file of the authorities and certificates: `ca.crt`, `apiserver.key`. */
export const pki = (name: string): string => join(files.pki, name)

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

async function writeKubeconfig(name: string, file: string): Promise<void> {
  const read = (path: string): Promise<string> => readFile(pki(path), 'utf8')
  const server = `https://${network.host}:${network.apiPort}`
  const credentials = { certificate: await read(`${name}.crt`), key: await read(`${name}.key`) }
  await writeFile(file, kubeconfig(server, await read('ca.crt'), credentials), { mode: 0o600 })
}
