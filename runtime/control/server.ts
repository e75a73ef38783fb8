/** The HTTP servers of a pod: probes and metrics on one port, status and plan on the other. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An answer; objects become JSON. */
export interface Answer {
  readonly status: number
  readonly body: string | object
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>

export interface RunningServer extends AsyncDisposable {
  readonly port: number
}

/** Serves GET and HEAD on the given paths; anything else is 404 or 405. Port 0: any free one. Without a host: every address of the machine, IPv6 too. */
export async function serve(port: number, routes: Routes, host?: string): Promise<RunningServer> {
  const server = createServer((request, response) => void answer(request, response, routes))
  server.requestTimeout = 10_000
  server.headersTimeout = 5_000
  await listen(server, port, host)
  // A connection that can't be accepted is lost; the others go on.
  server.on('error', () => undefined)
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
  const { status, text, contentType, headers } = await resolve(request.method ?? 'GET', path, routes)
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text), ...headers })
  response.end(request.method === 'HEAD' ? undefined : text)
}

interface Rendered {
  readonly status: number
  readonly text: string
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
}

async function resolve(method: string, path: string, routes: Routes): Promise<Rendered> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (route === undefined) return rendered({ status: 404, body: `no such path: ${path}\n` })
  if (method !== 'GET' && method !== 'HEAD') return rendered({ status: 405, body: 'only GET and HEAD\n', headers: { allow: 'GET, HEAD' } })
  try {
    return rendered(await route())
  } catch (error) {
    return rendered({ status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` })
  }
}

function rendered({ body, contentType, ...rest }: Answer): Rendered {
  if (typeof body === 'string') return { ...rest, text: body, contentType: contentType ?? 'text/plain; charset=utf-8' }
  return { ...rest, text: JSON.stringify(body), contentType: contentType ?? 'application/json' }
}

function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolveListen, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolveListen()
    })
  })
}
