import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Something that must hold; the answer is null when it does, else what is wrong. */
export interface Check {
  readonly name: string
  readonly failing: () => string | null
}

export interface ProbeServerOptions {
  /** 0 takes a free one. */
  readonly port: number
  readonly host?: string
  /** Failing: the process can't recover by itself and is to be restarted. */
  readonly health: readonly Check[]
  /** Failing: not able to take over the work now. Standby replicas are ready too. */
  readonly readiness: readonly Check[]
  /** The text of /metrics. */
  readonly metrics: () => Promise<string>
}

/** GET /healthz, /readyz and /metrics over plain HTTP; ends its connections when disposed. */
export interface ProbeServer extends AsyncDisposable {
  readonly port: number
}

export async function startProbeServer(options: ProbeServerOptions): Promise<ProbeServer> {
  const server = http.createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    void answer(options, request, response).catch((error: unknown) => {
      send(response, 500, 'text/plain', error instanceof Error ? error.message : String(error))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  // A server that listens on a port has an address of this shape.
  const { port } = server.address() as AddressInfo
  return {
    port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(options: ProbeServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    send(response, 405, 'text/plain', 'Only GET and HEAD\n')
    return
  }
  switch (request.url?.split('?', 1)[0] ?? '') {
    case '/healthz':
      report(response, options.health)
      return
    case '/readyz':
      report(response, options.readiness)
      return
    case '/metrics':
      send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await options.metrics())
      return
    default:
      send(response, 404, 'text/plain', 'There are /healthz, /readyz and /metrics\n')
  }
}

function report(response: ServerResponse, checks: readonly Check[]): void {
  const results = checks.map(({ name, failing }) => ({ name, failing: failing() }))
  const ok = results.every((result) => result.failing === null)
  send(response, ok ? 200 : 503, 'application/json', `${JSON.stringify({ ok, checks: results })}\n`)
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' })
  response.end(body)
}
