import { connect } from 'node:net'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { serve } from '../../../runtime/control/server.ts'
import type { Routes } from '../../../runtime/control/server.ts'

async function ask(t: ExecutionContext, routes: Routes, path: string, method = 'GET'): Promise<{ status: number; body: string; headers: Headers }> {
  const server = await serve(0, routes, '127.0.0.1')
  t.teardown(() => server[Symbol.asyncDispose]())
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method })
  return { status: response.status, body: await response.text(), headers: response.headers }
}

const routes: Routes = {
  '/text': () => ({ status: 200, body: 'ok\n' }),
  '/object': async () => ({ status: 503, body: { ready: false } }),
  '/throws': () => {
    throw new Error('not now')
  },
  '/circle': () => {
    const circle: { self?: object } = {}
    circle.self = circle
    return { status: 200, body: circle }
  },
}

test('text is text, an object is JSON, with the status that the route gives', async (t) => {
  const text = await ask(t, routes, '/text?verbose=1')
  t.deepEqual([text.status, text.body, text.headers.get('content-type')], [200, 'ok\n', 'text/plain; charset=utf-8'])
  const json = await ask(t, routes, '/object')
  t.deepEqual([json.status, json.body, json.headers.get('content-type')], [503, '{"ready":false}', 'application/json'])
})

test('HEAD answers as GET does, without the body', async (t) => {
  const { status, body, headers } = await ask(t, routes, '/text', 'HEAD')
  t.deepEqual([status, body, headers.get('content-length')], [200, '', '3'])
})

for (const path of ['/nothing', '/', '/__proto__', '/constructor', '/text/']) {
  test(`${path} is not found`, async (t) => {
    t.is((await ask(t, routes, path)).status, 404)
  })
}

test('another method is refused, and the answer names those that are not', async (t) => {
  const { status, headers } = await ask(t, routes, '/text', 'POST')
  t.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'])
})

test('a route that fails, or whose answer can not be written, is 500 with the reason', async (t) => {
  t.deepEqual([(await ask(t, routes, '/throws')).status, (await ask(t, routes, '/throws')).body], [500, 'not now\n'])
  t.is((await ask(t, routes, '/circle')).status, 500)
})

test('a server closes although a client holds its connection open', async (t) => {
  const server = await serve(0, routes, '127.0.0.1')
  const socket = connect(server.port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const gone = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  await server[Symbol.asyncDispose]()
  await gone
  t.pass()
})

test('a port that is taken is an error at the start', async (t) => {
  const server = await serve(0, routes, '127.0.0.1')
  t.teardown(() => server[Symbol.asyncDispose]())
  await t.throwsAsync(serve(server.port, routes, '127.0.0.1'), { code: 'EADDRINUSE' })
})

test('without a host the server answers on every address of the machine', async (t) => {
  const server = await serve(0, routes)
  t.teardown(() => server[Symbol.asyncDispose]())
  t.is((await fetch(`http://127.0.0.1:${server.port}/text`)).status, 200)
})
