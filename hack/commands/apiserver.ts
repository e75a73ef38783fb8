import { apiServerDown, apiServerUp, runningApiServer } from '../infra/kubernetes/apiserver.ts'
import { runCommand } from '../infra/command.ts'

await runCommand(
  `usage: hack/apiserver up [--audit] | down | status
  up      starts an API server with etcd and nothing else, and prints the path of its kubeconfig; --audit logs who does what
  down    stops it and deletes its data
  status  prints the path of its kubeconfig, or exits 1`,
  {
    up: async (args) => console.log((await apiServerUp('dev', { audit: args.includes('--audit') })).kubeconfig),
    down: () => apiServerDown('dev'),
    status: async () => {
      const server = runningApiServer('dev')
      console.log(server?.kubeconfig ?? 'down')
      if (!server) process.exitCode = 1
    },
  },
)
