import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { artefactKey, hashOfTree } from '../../hack/infra/machine/cache.ts'
import { daemon, startDaemon, stopDaemon } from '../../hack/infra/machine/daemon.ts'
import { identify, isAlive } from '../../hack/infra/machine/identity.ts'
import { brokerProperties, brokerPorts } from '../../hack/infra/kafka/settings.ts'
import { attempt, run, which } from '../../hack/infra/machine/shell.ts'

test('the key of an artefact names it, and changes with version and recipe', (t) => {
  const key = artefactKey({ name: 'kafka', version: '4.3.1', recipe: ['a', 'b'] })
  t.regex(key, /^kafka-4\.3\.1-[0-9a-f]{12}$/)
  t.is(artefactKey({ name: 'kafka', version: '4.3.1', recipe: ['a', 'b'] }), key)
  t.not(artefactKey({ name: 'kafka', version: '4.3.1', recipe: ['ab'] }), key)
  t.not(artefactKey({ name: 'kafka', version: '4.3.2', recipe: ['a', 'b'] }), key)
})

test('the hash of a directory changes with a name or a content in it, and not with what is excluded', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'streamjob-'))
  t.teardown(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'sub'))
  await writeFile(join(directory, 'sub', 'a'), '1')
  const before = await hashOfTree(directory)
  await writeFile(join(directory, 'b'), '1')
  t.not(await hashOfTree(directory), before)
  t.is(await hashOfTree(directory, (path) => path === 'b'), before)
  await writeFile(join(directory, 'sub', 'a'), '2')
  t.not(await hashOfTree(directory, (path) => path === 'b'), before)
})

test('a process is told from a later one of the same id', async (t) => {
  const child = spawn('sleep', ['100'])
  const identity = identify(child.pid!)
  t.true(isAlive(identity))
  t.false(isAlive({ ...identity, started: '1' }))
  child.kill()
  await once(child, 'exit')
  t.false(isAlive(identity))
})

test('a daemon is found by its name until it is stopped', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'streamjob-'))
  t.teardown(() => rm(directory, { recursive: true }))
  startDaemon(directory, 'sleeper', 'sleep', ['100'])
  const running = daemon(directory, 'sleeper')
  t.truthy(running)
  await stopDaemon(directory, 'sleeper')
  t.is(daemon(directory, 'sleeper'), null)
  t.false(isAlive(running!))
})

test('a daemon that ignores the signal is killed when its time is over', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'streamjob-'))
  t.teardown(() => rm(directory, { recursive: true }))
  startDaemon(directory, 'stubborn', 'sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'])
  await stopDaemon(directory, 'stubborn', 'SIGTERM', 100)
  t.is(daemon(directory, 'stubborn'), null)
})

test('a command that fails throws its exit code and the end of its output', async (t) => {
  const error = await t.throwsAsync(run('sh', ['-c', 'echo broken >&2; exit 3']))
  t.regex(error.message, /exit code 3\nbroken/)
  t.is((await attempt('sh', ['-c', 'exit 3'])).code, 3)
  t.is(await run('cat', [], { input: 'in' }), 'in')
})

test('a command is found by its name, or not at all', async (t) => {
  t.is(await which('no-such-command'), null)
  t.truthy(await which('sh'))
})

test('a broker keeps records of any age, and listens for pods where it is told to', (t) => {
  const settings = { owner: 'test', directory: '/d', port: 19_092, pods: { host: '10.244.0.1', port: 19_094 } } as const
  const properties = brokerProperties(settings, '/d/log')
  t.regex(properties, /^log\.retention\.ms=-1$/m)
  t.regex(properties, /^listeners=PLAINTEXT:\/\/127\.0\.0\.1:19092,PODS:\/\/10\.244\.0\.1:19094,CONTROLLER:\/\/127\.0\.0\.1:19093$/m)
  t.regex(
    brokerProperties(settings, '/d/log', () => '0.0.0.0'),
    /^listeners=PLAINTEXT:\/\/0\.0\.0\.0:19092.*\n^advertised\.listeners=PLAINTEXT:\/\/127\.0\.0\.1:19092/m,
  )
})

test('a broker with credentials has listeners that demand them, with all that they need in its properties', (t) => {
  const pem = { authority: '-a-\nb\n', certificate: '-c-\nd\n', key: '-k-\ne\n' }
  const settings = { owner: 'secured', directory: '/d', port: 19_592, pods: null, security: { ...pem, plainUsers: { shop: 'secret' } } } as const
  const properties = brokerProperties(settings, '/d/log')
  t.regex(properties, /^listeners=PLAINTEXT:.*,SASL:\/\/127\.0\.0\.1:19595,MUTUAL:\/\/127\.0\.0\.1:19596,CONTROLLER:/m)
  t.regex(properties, /^listener\.security\.protocol\.map=.*,SASL:SASL_SSL,MUTUAL:SSL$/m)
  t.regex(properties, /^ssl\.keystore\.key=-k-\\ne$/m)
  t.regex(properties, /^listener\.name\.sasl\.plain\.sasl\.jaas\.config=.* user_shop="secret";$/m)
})

test('brokers of different owners share no port, and none is ephemeral', (t) => {
  const ports = Object.values(brokerPorts).flatMap((port) => [0, 1, 2, 3, 4].map((offset) => port + offset))
  t.is(new Set(ports).size, ports.length)
  t.true(ports.every((port) => port < 32_768))
})
