/** The HTTP servers of a pod: probes and metrics on one port, status and plan on the other. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An answer; objects become JSON. */
export interface Answer {
  readonly status: number
  readonly body: string | object
  readonly contentType?: string
}

export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>

export interface RunningServer extends AsyncDisposable {
  readonly port: number
}

/** Serves GET and HEAD on the given paths; anything else is 404 or 405. Port 0: any free one. */
export async function serve(port: number, routes: Routes, host = '0.0.0.0'): Promise<RunningServer> {
  const server = createServer((request, response) => void answer(request, response, routes))
  server.requestTimeout = 10_000
  server.headersTimeout = 5_000
  await listen(server, port, host)
  const address = server.address() as AddressInfo // a listening TCP server has one
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  const { status, body, contentType } = await resolve(request.method ?? 'GET', path, routes)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': contentType ?? (typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json') })
  response.end(request.method === 'HEAD' ? undefined : text)
}

async function resolve(method: string, path: string, routes: Routes): Promise<Answer> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (route === undefined) return { status: 404, body: `no such path: ${path}\n` }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'only GET\n' }
  try {
    return await route()
  } catch (error) {
    return { status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` }
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolveListen, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolveListen()
    })
  })
}
