import { runCommand } from '../infra/command.ts'
import { brokerDown, brokerUp, runningBroker } from '../infra/kafka/broker.ts'

await runCommand(
  `usage: hack/kafka up | down | status
  up      starts one Kafka broker and prints its address; its data stay until down
  down    stops it and deletes its data
  status  prints its address, or exits 1
STREAMJOB_KAFKA_DRIVER: jars (Java and Maven) or container (Docker); chosen by what is there.`,
  {
    up: async () => console.log((await brokerUp('dev')).address),
    down: () => brokerDown('dev'),
    status: async () => {
      const broker = await runningBroker('dev')
      console.log(broker ? `${broker.address} (${broker.driver.name}, ${broker.settings.directory})` : 'down')
      if (!broker) process.exitCode = 1
    },
  },
)
