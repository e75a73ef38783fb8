import { runCommand } from '../infra/command.ts'
import { chooseClusterDriver } from '../infra/kubernetes/driver.ts'

const owner = 'dev'

await runCommand(
  `usage: hack/cluster up [--audit] | down | status | load ARCHIVE
  up      starts a Kubernetes cluster of its own and prints the path of its kubeconfig; --audit logs who does what
  down    removes it with all that is in it
  status  prints driver, kubeconfig and this machine's address as pods see it, or exits 1
  load    makes an image archive known to its nodes
STREAMJOB_CLUSTER_DRIVER: kind (Docker) or native (Linux, root, without Docker); chosen by what is there.`,
  {
    up: async (args) => {
      const driver = await chooseClusterDriver()
      const cluster = await driver.up(owner, { audit: args.includes('--audit') })
      console.log(cluster.kubeconfig)
    },
    down: async () => (await chooseClusterDriver()).down(owner),
    status: async () => {
      const cluster = await (await chooseClusterDriver()).running(owner)
      console.log(cluster ? `${cluster.driver} ${cluster.kubeconfig} ${cluster.hostAddress}` : 'down')
      if (!cluster) process.exitCode = 1
    },
    load: async ([archive]) => {
      const cluster = await (await chooseClusterDriver()).running(owner)
      if (!cluster || archive === undefined) throw new Error('load needs a running cluster and an archive')
      await cluster.loadImage(archive)
    },
  },
)
