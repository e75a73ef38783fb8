import type { z } from 'zod'
import { ports } from '../../../runtime/config.ts'
import { PlanResult, WorkerStatus } from '../../../runtime/protocol.ts'
import type { PodClient } from '../visit.ts'

/** The control port over HTTP. Answers are bounded in size and time, and parsed: pods run the author's code. */
export function createPodClient(options: { readonly timeoutMs?: number; readonly port?: number } = {}): PodClient {
  const { timeoutMs = 3_000, port = ports.control } = options
  const ask = async <T>(ip: string, path: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T | null> => {
    try {
      const host = ip.includes(':') ? `[${ip}]` : ip
      const response = await fetch(`http://${host}:${port}${path}`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        redirect: 'error',
      })
      const parsed = schema.safeParse(JSON.parse(await boundedText(response)))
      return response.ok && parsed.success ? parsed.data : null
    } catch {
      signal.throwIfAborted()
      return null
    }
  }
  return {
    plan: (ip, signal) => ask(ip, '/plan', PlanResult, signal),
    status: (ip, signal) => ask(ip, '/status', WorkerStatus, signal),
  }
}

const longestAnswer = 4 * 1024 * 1024

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > longestAnswer) throw new RangeError(`the answer is longer than ${longestAnswer} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
