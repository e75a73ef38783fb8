import { spawn } from 'node:child_process'
import { testSystem } from '../support/cluster.ts'

export interface OrdersProcess extends AsyncDisposable {
  /** Lets it send what is due, and ends it. */
  stop(): Promise<void>
}

/** Starts sending orders to the topic at a steady pace, in a process of its own; they are the same for the same seed, but for their time. */
export function startOrders(topic: string, recordsPerSecond: number, seed = 1): OrdersProcess {
  const script = new URL('./orders.ts', import.meta.url).pathname
  const args = ['--no-warnings', script, testSystem.kafka(), topic, String(recordsPerSecond), String(seed)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = (): Promise<void> => {
    child.kill('SIGTERM')
    return ended
  }
  return { stop, [Symbol.asyncDispose]: stop }
}
