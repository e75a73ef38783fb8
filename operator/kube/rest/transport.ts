import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { type Clock, deadline } from '../../clock.ts'
import type { Connection } from './connection.ts'
import { KubeError, kubeErrorOf } from '../errors.ts'

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With query; starts with a slash. */
  readonly path: string
  readonly contentType?: string
  readonly body?: unknown
  /** For messages: `apply statefulsets shop/revenue`. */
  readonly name: string
}

/** Requests to one API server over kept-alive connections. */
export interface Transport {
  /** Resolves with the open answer when its status is 2xx; rejects with a KubeError, or with the signal's reason. */
  open(call: HttpCall, signal: AbortSignal): Promise<IncomingMessage>
  /** The whole JSON answer, within `timeoutMs`. */
  json(call: HttpCall, timeoutMs: number, signal: AbortSignal): Promise<unknown>
  close(): void
}

export function createTransport(connection: Connection, options: { userAgent: string; clock: Clock }): Transport {
  const secure = connection.server.protocol === 'https:'
  // The server drops connections that are idle for 90 s; ours are dropped before that, so that no request meets a closing one.
  const agentOptions = { keepAlive: true, keepAliveMsecs: 30_000, timeout: 60_000, maxFreeSockets: 16 }
  const agent = secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions)
  const prefix = connection.server.pathname.replace(/\/+$/, '')

  async function send(call: HttpCall, renew: boolean, signal: AbortSignal): Promise<IncomingMessage> {
    const credentials = await connection.credentials(renew)
    signal.throwIfAborted()
    const body = call.body === undefined ? null : Buffer.from(JSON.stringify(call.body))
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': options.userAgent, ...credentials.headers }
    if (body !== null) headers['content-type'] = call.contentType ?? 'application/json'
    if (body !== null) headers['content-length'] = String(body.length)
    return await new Promise((resolve, reject) => {
      const request = (secure ? https : http).request({
        hostname: connection.server.hostname.replace(/^\[|\]$/g, ''),
        port: connection.server.port || (secure ? 443 : 80),
        method: call.method,
        path: `${prefix}${call.path}`,
        headers,
        ...credentials.tls,
        agent: credentials.agent ?? agent,
        signal,
      })
      request.once('socket', (socket) => socket.setKeepAlive(true, 30_000))
      request.once('response', resolve)
      request.on('error', (error) => reject(request.reusedSocket && call.method === 'GET' ? new StaleConnection(error) : error))
      request.end(body ?? undefined)
    })
  }

  async function open(call: HttpCall, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      let response = await send(call, false, signal).catch((error: unknown) => {
        if (error instanceof StaleConnection && !signal.aborted) return send(call, false, signal)
        throw error
      })
      if (response.statusCode === 401) {
        // A token that was replaced a moment ago: read it again, once.
        response.resume()
        response = await send(call, true, signal)
      }
      const status = response.statusCode ?? 0
      if (status >= 200 && status < 300) return response
      throw kubeErrorOf(call.name, status, await text(response, 65_536), retryAfterMs(response))
    } catch (error) {
      throw settle(call, error, signal)
    }
  }

  return {
    open,
    async json(call, timeoutMs, signal) {
      using limit = deadline(options.clock, timeoutMs, signal, () => timeoutError(call, timeoutMs))
      try {
        const body = await text(await open(call, limit.signal), Infinity)
        return JSON.parse(body) as unknown
      } catch (error) {
        if (error instanceof SyntaxError) throw new KubeError(call.name, { status: 0, reason: 'BadAnswer', message: 'The answer is not JSON' })
        throw settle(call, error, limit.signal)
      }
    },
    close: () => agent.destroy(),
  }
}

/** A kept connection turned out to be closed; a read may be sent again, of a write nothing is known. */
class StaleConnection extends Error {
  override readonly cause: Error

  constructor(cause: Error) {
    super(cause.message)
    this.cause = cause
  }
}

function settle(call: HttpCall, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof KubeError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new KubeError(call.name, { status: 0, reason: 'Unreachable', message, cause: error })
}

const timeoutError = (call: HttpCall, timeoutMs: number): KubeError =>
  new KubeError(call.name, { status: 0, reason: 'Timeout', message: `No answer within ${timeoutMs} ms` })

async function text(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > limit) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

function retryAfterMs(response: IncomingMessage): number | null {
  const seconds = Number(response.headers['retry-after'])
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : null
}
