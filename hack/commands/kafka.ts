import { parseArgs } from 'node:util'
import { runCommand } from '../infra/command.ts'
import { brokerDown, brokerUp, runningBroker } from '../infra/kafka/broker.ts'

await runCommand(
  `usage: hack/kafka up [--pods ADDRESS] | down | status
  up      starts one Kafka broker and prints its address; its data stay until down; --pods lets it listen for pods too,
          on this machine's address as they see it (hack/cluster status prints it)
  down    stops it and deletes its data
  status  prints its address, or exits 1
STREAMJOB_KAFKA_DRIVER: jars (Java and Maven) or container (Docker); chosen by what is there.`,
  {
    up: async (args) => {
      const { values } = parseArgs({ args: [...args], options: { pods: { type: 'string' } } })
      const broker = await brokerUp('dev', values.pods ?? null)
      console.log([broker.address, broker.podsAddress].filter((address) => address !== null).join(' '))
    },
    down: () => brokerDown('dev'),
    status: async () => {
      const broker = await runningBroker('dev')
      console.log(broker ? `${broker.address} (${broker.driver.name}, ${broker.settings.directory})` : 'down')
      if (!broker) process.exitCode = 1
    },
  },
)
