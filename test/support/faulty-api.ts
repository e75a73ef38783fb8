/** A proxy before a real API server that behaves badly when told to. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Connection } from '../../operator/kube/rest/connection.ts'

export interface FaultyApi extends AsyncDisposable {
  /** To the server through the proxy. */
  readonly connection: Connection
  /** What the next requests meet; null forwards them. */
  fault: ((request: { method: string; url: URL }) => Fault | null) | null
  /** Ends every connection that is open now. */
  cut(): void
  /** From now on nothing more passes in either direction on what is open, while new connections work. */
  stall(): void
  /** Requests that hang now. */
  readonly hanging: number
  /** Requests that were forwarded, as `GET /api/v1/...`, watches as `WATCH /api/v1/...`. */
  readonly forwarded: readonly string[]
}

export type Fault =
  | { readonly kind: 'answer'; readonly status: number; readonly reason: string; readonly retryAfterSeconds?: number }
  /** The request is cut off without an answer. */
  | { readonly kind: 'refuse' }
  /** Never answered. */
  | { readonly kind: 'hang' }
  /** Forwarded, but the answer is thrown away. */
  | { readonly kind: 'lose-answer' }
  /** Forwarded with another query parameter. */
  | { readonly kind: 'rewrite'; readonly parameter: string; readonly value: string }

interface Exchange {
  stalled?: boolean
  readonly response: ServerResponse
  upstream?: http.ClientRequest
  answer?: IncomingMessage
}

export async function startFaultyApi(target: Connection): Promise<FaultyApi> {
  const open = new Set<Exchange>()
  const agent = new https.Agent({ keepAlive: true })
  const forwarded: string[] = []
  const hanging = new Set<Exchange>()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange: Exchange = { response }
    open.add(exchange)
    response.once('close', () => {
      open.delete(exchange)
      hanging.delete(exchange)
      exchange.upstream?.destroy()
    })
    const url = new URL(request.url ?? '/', 'http://proxy')
    const fault = api.fault?.({ method: request.method ?? '', url }) ?? null
    const body: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) body.push(chunk)
    if (fault?.kind === 'refuse') return void request.socket.destroy()
    if (fault?.kind === 'hang') return void hanging.add(exchange)
    if (fault?.kind === 'answer') {
      if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', fault.retryAfterSeconds)
      response.writeHead(fault.status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code: fault.status, reason: fault.reason, message: 'made up by a test' }))
      return
    }
    if (fault?.kind === 'rewrite') url.searchParams.set(fault.parameter, fault.value)
    const { tls, headers } = await target.credentials(false)
    forwarded.push(`${url.searchParams.get('watch') === 'true' ? 'WATCH' : request.method} ${url.pathname}`)
    exchange.upstream = https.request({
      agent,
      ...tls,
      hostname: target.server.hostname,
      port: target.server.port,
      method: request.method ?? 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { ...request.headers, host: target.server.host, ...headers },
    })
    exchange.upstream.on('error', () => request.socket.destroy())
    exchange.upstream.on('response', (answer) => {
      exchange.answer = answer
      if (fault?.kind === 'lose-answer') {
        answer.resume().once('end', () => request.socket.destroy())
        return
      }
      if (exchange.stalled === true) return
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      response.flushHeaders()
      answer.on('error', () => request.socket.destroy())
      answer.pipe(response)
    })
    exchange.upstream.end(Buffer.concat(body))
  }

  const server = http.createServer(
    { requestTimeout: 0, keepAliveTimeout: 60_000 },
    (request, response) => void handle(request, response).catch(() => request.socket.destroy()),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address of this shape.
  const { port } = server.address() as AddressInfo
  const api: FaultyApi = {
    connection: { server: new URL(`http://127.0.0.1:${port}`), namespace: null, credentials: () => Promise.resolve({ headers: {}, tls: {} }) },
    fault: null,
    forwarded,
    get hanging() {
      return hanging.size
    },
    cut: () => server.closeAllConnections(),
    stall() {
      for (const exchange of open) {
        exchange.stalled = true
        exchange.answer?.unpipe(exchange.response)
      }
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        agent.destroy()
      }),
  }
  return api
}
