import test from 'ava'
import { concurrently } from '../../../../runtime/worker/tasks/concurrently.ts'

const idle = new AbortController().signal

test('results come in the order of the items, and never more than the limit are under way', async (t) => {
  let now = 0
  let most = 0
  const results = await concurrently([5, 1, 4, 2, 3], 2, idle, async (n) => {
    most = Math.max(most, ++now)
    for (let i = 0; i < n; i++) await Promise.resolve()
    now--
    return n * 10
  })
  t.deepEqual(results, [50, 10, 40, 20, 30])
  t.is(most, 2)
})

test('nothing is under way any more when it rejects, and nothing new has begun', async (t) => {
  const log: string[] = []
  const work = concurrently(['bad', 'slow', 'never'], 2, idle, async (name, signal) => {
    log.push(`begin ${name}`)
    if (name === 'bad') throw new Error('first')
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => setImmediate(resolve)))
    log.push(`end ${name}`)
    throw new Error('second')
  })
  await t.throwsAsync(work, { message: 'first' })
  t.deepEqual(log, ['begin bad', 'begin slow', 'end slow'])
})

test('the signal of the caller reaches the work', async (t) => {
  const stop = new AbortController()
  const work = concurrently(
    [1],
    1,
    stop.signal,
    (_, signal) => new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('told'))),
  )
  stop.abort()
  t.deepEqual(await work, ['told'])
})

test('no items, no work', async (t) => {
  t.deepEqual(await concurrently([], 4, idle, async () => t.fail()), [])
})
