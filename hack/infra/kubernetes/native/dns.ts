import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startDaemon } from '../../machine/daemon.ts'
import { corednsBinary } from './binaries.ts'
import { files, network } from './layout.ts'

/** Starts the cluster's DNS on the bridge's address. It knows the cluster's names, and answers that all others do not exist. */
export async function startDns(): Promise<void> {
  const configuration = join(files.config, 'Corefile')
  await writeFile(
    configuration,
    `${network.domain}:53 in-addr.arpa:53 {
    bind ${network.host}
    errors
    kubernetes ${network.domain} in-addr.arpa {
        kubeconfig ${files.kubeconfig}
        pods insecure
        ttl 1
    }
}
.:53 {
    bind ${network.host}
    errors
    template ANY ANY . {
        rcode NXDOMAIN
    }
}
`,
  )
  startDaemon(files.processes, 'coredns', join(await corednsBinary(), 'coredns'), ['-conf', configuration])
}
