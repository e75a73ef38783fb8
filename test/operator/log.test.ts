import { Writable } from 'node:stream'
import test from 'ava'
import { KubeError } from '../../operator/kube/errors.ts'
import { createLog, type LogLevel } from '../../operator/log.ts'

function capture(level: LogLevel = 'debug') {
  const chunks: string[] = []
  const output = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk.toString())
      done()
    },
  })
  const lines = (): Record<string, unknown>[] =>
    chunks
      .join('')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { log: createLog({ level, output }), lines }
}

test('a line is one JSON object with time, level, message and the fields', (t) => {
  const { log, lines } = capture()
  log.info('became leader', { identity: 'operator-0', epoch: 7n })
  const [line] = lines()
  t.like(line, { level: 'info', message: 'became leader', identity: 'operator-0', epoch: '7' })
  t.regex(String(line?.['time']), /^\d{4}-\d\d-\d\dT.*Z$/)
})

test('a child adds its fields to each line, and children of children theirs', (t) => {
  const { log, lines } = capture()
  log.child({ controller: 'streamjob' }).child({ key: 'shop/revenue' }).warn('reconcile failed', { failures: 3 })
  t.like(lines()[0], { controller: 'streamjob', key: 'shop/revenue', failures: 3 })
})

test('lines below the level are not written', (t) => {
  const { log, lines } = capture('warn')
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  t.deepEqual(
    lines().map((line) => line['message']),
    ['c', 'd'],
  )
})

test('a field cannot pass itself off as time, level or message', (t) => {
  const { log, lines } = capture()
  log.info('real', { message: 'false', level: 'error' })
  t.like(lines()[0], { message: 'real', level: 'info', 'field.message': 'false', 'field.level': 'error' })
})

test('an error is written with name, message, status, reason and causes, and nothing else that it carries', (t) => {
  const { log, lines } = capture()
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', body: 'secret' })
  log.error('watch failed', { error: new KubeError('watch pods', { status: 0, reason: 'Unreachable', message: 'refused', cause }) })
  const { error } = lines()[0] as { error: Record<string, unknown> }
  t.like(error, { name: 'KubeError', message: 'watch pods: Unreachable: refused', status: 0, reason: 'Unreachable' })
  t.deepEqual(error['cause'], { name: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' })
  t.false(JSON.stringify(error).includes('secret'))
})

test('a field that has no JSON loses only itself', (t) => {
  const { log, lines } = capture()
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  log.info('odd', { circle, fine: 1 })
  t.like(lines()[0], { message: 'odd', fine: 1, circle: '(not serialisable)' })
})
