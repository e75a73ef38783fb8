/** How a client gets in: a bearer token, or a certificate with its key (PEM). */
export type KubeCredentials = { readonly token: string } | { readonly certificate: string; readonly key: string }

/** A kubeconfig file with one context. JSON, which is YAML. */
export function kubeconfig(server: string, authority: string, credentials: KubeCredentials): string {
  const user =
    'token' in credentials
      ? { token: credentials.token }
      : { 'client-certificate-data': base64(credentials.certificate), 'client-key-data': base64(credentials.key) }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'streamjob', cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [{ name: 'streamjob', user }],
    contexts: [{ name: 'streamjob', context: { cluster: 'streamjob', user: 'streamjob' } }],
    'current-context': 'streamjob',
  })
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
