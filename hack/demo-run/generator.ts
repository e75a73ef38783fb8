import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { daemon, startDaemon, stopDaemon } from '../infra/machine/daemon.ts'
import type { Broker } from '../infra/kafka/broker.ts'
import { stateOf } from '../infra/machine/paths.ts'
import { job, orders } from './settings.ts'

/** Starts the process that sends orders; it goes on without us. Nothing happens when it runs. */
export function startGenerator(broker: Broker): void {
  if (generatorRuns()) return
  const program = join(import.meta.dirname, 'send-orders.ts')
  const numbers = [orders.perSecond, orders.seed, orders.forSeconds].map(String)
  startDaemon(directory(), name, process.execPath, [program, broker.address, job.input, ...numbers])
}

/** Ends it once what it has sent is acknowledged. */
export const stopGenerator = (): Promise<void> => stopDaemon(directory(), name)

/** Ends it and removes what it has left. */
export async function removeGenerator(): Promise<void> {
  await stopGenerator()
  await rm(directory(), { recursive: true, force: true })
}

/** Whether it sends. */
export const generatorRuns = (): boolean => daemon(directory(), name) !== null

const name = 'orders'
const directory = (): string => stateOf('demo', 'generator')
