import type { Clock } from '../../clock.ts'
import type { WatchEvent } from '../client.ts'
import { KubeError } from '../errors.ts'
import type { KubeObject, Stored } from '../resources.ts'
import type { HttpCall, Transport } from './transport.ts'

export interface WatchTiming {
  /** Nothing at all for this long, not even a bookmark, means that the connection is dead. */
  readonly idleMs: number
  readonly clock: Clock
}

/**
 * The events of one watch call, until the server ends it. An error that the server sends inside the stream is thrown as KubeError
 * (410 when the version is too old), a silent stream as KubeError `Timeout`, a broken one as `Unreachable`.
 */
export async function* watchEvents<T extends KubeObject>(
  transport: Pick<Transport, 'open'>,
  call: HttpCall,
  timing: WatchTiming,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  using idle = idleLimit(call, timing, signal)
  const response = await transport.open(call, idle.signal)
  try {
    response.setEncoding('utf8')
    let rest = ''
    for await (const chunk of response as AsyncIterable<string>) {
      idle.touch()
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield eventOf<T>(call, line)
      // While the reader was busy nobody listened: silence counts from now.
      idle.touch()
    }
  } catch (error) {
    if (idle.signal.aborted) throw idle.signal.reason
    if (error instanceof KubeError) throw error
    throw new KubeError(call.name, {
      status: 0,
      reason: 'Unreachable',
      message: error instanceof Error ? error.message : String(error),
      cause: error,
    })
  } finally {
    response.destroy()
  }
}

function idleLimit(call: HttpCall, timing: WatchTiming, outer: AbortSignal): Disposable & { readonly signal: AbortSignal; touch(): void } {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(outer.reason)
  if (outer.aborted) onAbort()
  else outer.addEventListener('abort', onAbort, { once: true })
  const expire = (): void =>
    controller.abort(new KubeError(call.name, { status: 0, reason: 'Timeout', message: `The watch was silent for ${timing.idleMs} ms` }))
  let cancel = timing.clock.after(timing.idleMs, expire)
  return {
    signal: controller.signal,
    touch() {
      cancel()
      cancel = timing.clock.after(timing.idleMs, expire)
    },
    [Symbol.dispose]() {
      cancel()
      outer.removeEventListener('abort', onAbort)
    },
  }
}

function eventOf<T extends KubeObject>(call: HttpCall, line: string): WatchEvent<T> {
  const { type, object } = parse(call, line)
  switch (type) {
    case 'ADDED':
      return { kind: 'added', object: object as Stored<T> }
    case 'MODIFIED':
      return { kind: 'modified', object: object as Stored<T> }
    case 'DELETED':
      return { kind: 'deleted', object: object as Stored<T> }
    case 'BOOKMARK':
      return { kind: 'bookmark', resourceVersion: (object as Stored<T>).metadata.resourceVersion }
    case 'ERROR': {
      const status = object as { code?: number; reason?: string; message?: string }
      throw new KubeError(call.name, { status: status.code ?? 500, reason: status.reason ?? 'Error', message: status.message ?? 'The watch failed' })
    }
    default:
      throw new KubeError(call.name, { status: 0, reason: 'BadAnswer', message: `Unknown watch event ${String(type).slice(0, 40)}` })
  }
}

function parse(call: HttpCall, line: string): { type: unknown; object: unknown } {
  try {
    return JSON.parse(line) as { type: unknown; object: unknown }
  } catch {
    throw new KubeError(call.name, { status: 0, reason: 'BadAnswer', message: 'A line of the watch is not JSON' })
  }
}
