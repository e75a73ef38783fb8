/** Whatever happens to a task and its disk, and in whatever order: what is loaded is the state of a commit that counted, and with the changelog's end all is there. */
import test from 'ava'
import fc from 'fast-check'
import { machineIdentity, SnapshotMachine } from '../../../support/snapshot-machine.ts'
import type { Changes } from '../../../support/snapshot-machine.ts'

const day = 86_400_000

type Step =
  | { readonly kind: 'commit'; readonly changes: Changes; readonly known: boolean }
  | { readonly kind: 'rewind'; readonly changes: Changes }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'compact' }
  | { readonly kind: 'move'; readonly elsewhere: readonly Changes[] }
  /** The process ends, its power perhaps too, this long after the step before began: in the middle of anything. */
  | {
      readonly kind: 'end'
      readonly how: 'close' | 'kill' | 'power'
      readonly afterMs: number
      readonly elsewhere: readonly Changes[]
      readonly downMs: number
    }
  | { readonly kind: 'fault'; readonly fault: 'fail' | 'full' | 'slow' | 'hang' | 'heal' | 'empty' | 'rot' }

const key = fc.integer({ min: 0, max: 15 }).map((n) => `k${n}`)
const value = fc.option(fc.string({ maxLength: 30 }), { freq: 3 })
const changes: fc.Arbitrary<Changes> = fc.array(fc.tuple(key, value), { maxLength: 8 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('commit' as const), changes, known: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rewind' as const), changes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(5, 100, 70_000, 5 * 3_600_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), elsewhere: fc.array(changes, { maxLength: 2 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      how: fc.constantFrom('close' as const, 'kill' as const, 'power' as const),
      afterMs: fc.double({ min: 0, max: 12, noNaN: true }),
      elsewhere: fc.array(changes, { maxLength: 2 }),
      downMs: fc.constantFrom(0, 0, 0, 5 * day, 8 * day),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('fault' as const), fault: fc.constantFrom('fail', 'full', 'slow', 'hang', 'heal', 'empty', 'rot') }),
  },
)

/** Plays a history, with a restart at its end. Throws at the first difference. */
async function play(seed: number, steps: readonly Step[]): Promise<SnapshotMachine> {
  const machine = new SnapshotMachine(seed)
  await machine.start()
  for (const [i, one] of steps.entries()) {
    const next = steps[i + 1]
    if (one.kind === 'move') {
      inTime(await machine.move(one.elsewhere))
      continue
    }
    const work = begin(machine, one)
    if (next?.kind === 'end' && next.how !== 'close') await cutShort(machine, work, next.how === 'power', next.afterMs)
    else await machine.run(work)
    if (one.kind === 'end') {
      machine.elsewhere(one.elsewhere, one.downMs)
      inTime(await machine.start())
    }
  }
  await machine.run(machine.close())
  machine.disk.heal()
  inTime(await machine.start())
  return machine
}

/** A start and the end of what was before it. */
function inTime(tookMs: number): void {
  if (tookMs > 13_000) throw new Error(`the disk held the start up for ${tookMs} ms`)
}

function begin(machine: SnapshotMachine, one: Exclude<Step, { kind: 'move' }>): Promise<void> {
  switch (one.kind) {
    case 'commit':
      return machine.commit(one.changes, one.known)
    case 'advance':
      return machine.advance(one.ms)
    case 'rewind':
      return Promise.resolve(machine.rewind(one.changes))
    case 'compact':
      return Promise.resolve(machine.compact())
    case 'end':
      return one.how === 'close' ? machine.close() : Promise.resolve()
    case 'fault':
      return Promise.resolve(fault(machine, one.fault))
  }
}

/** Ends the process so many milliseconds after it began to work. */
async function cutShort(machine: SnapshotMachine, work: Promise<void>, power: boolean, afterMs: number): Promise<void> {
  work.catch(() => undefined)
  await machine.run(new Promise<void>((resolve) => machine.clock.after(afterMs, resolve)))
  machine.kill(power)
}

function fault({ disk, random }: SnapshotMachine, kind: string): void {
  if (kind === 'fail') disk.fail(random.pick([0.05, 0.3, 1]))
  else if (kind === 'full') disk.fill(random.below(1_000))
  else if (kind === 'slow') disk.slow(0, random.pick([50, 3_000, 60_000]))
  else if (kind === 'hang') disk.hang()
  else if (kind === 'heal') disk.heal()
  else if (kind === 'empty') disk.empty()
  else {
    const files = [...disk.files()].filter(([, size]) => size > 0)
    if (files.length === 0) return
    const [path, size] = random.pick(files)
    disk.corrupt(path, random.below(size), 1 + random.below(255))
  }
}

/** Some commits, more than one cycle, and a good end. */
async function written(): Promise<SnapshotMachine> {
  const machine = new SnapshotMachine(7)
  await machine.start()
  for (let i = 0; i < 24; i++) {
    await machine.run(
      machine.commit([
        [`k${i % 6}`, `value ${i}`],
        [`k${(i * 5) % 6}`, null],
      ]),
    )
    await machine.run(machine.advance(100))
  }
  await machine.run(machine.close())
  return machine
}

test('one wrong byte anywhere is noticed, or does no harm', async (t) => {
  const machine = await written()
  t.is(await machine.look(), 24)
  const found = new Map<number | null, number>()
  for (const [path, size] of machine.disk.files()) {
    for (let offset = 0; offset < size; offset++) {
      const mask = 1 << (offset & 7)
      machine.disk.corrupt(path, offset, mask)
      // Throws when what is loaded is no commit's state.
      const commit = await machine.look()
      found.set(commit, (found.get(commit) ?? 0) + 1)
      machine.disk.corrupt(path, offset, mask)
    }
  }
  t.false(found.has(24), 'every byte counts')
  t.true(found.size > 2, 'up to the wrong byte all is of use')
  t.is(await machine.look(), 24)
})

for (const [field, value] of Object.entries({ applicationId: 'b', uid: 'v', changelogTopic: 'other', changelogId: 'd' })) {
  test(`a snapshot with another ${field} is refused`, async (t) => {
    const machine = await written()
    t.is(await machine.look({ ...machineIdentity, [field]: value }), null)
    t.is(await machine.look(), 24)
  })
}

test('a snapshot that is older than deletions are remembered is refused', async (t) => {
  const machine = await written()
  machine.elsewhere([], 5.9 * day)
  t.is(await machine.look(), 24)
  machine.elsewhere([], 0.2 * day)
  t.is(await machine.look(), null)
})

test('a disk that hangs costs a task its snapshots, and each commit nothing', async (t) => {
  const machine = new SnapshotMachine(1)
  await machine.start()
  machine.disk.hang()
  for (let i = 0; i < 50; i++) await machine.run(machine.commit([[`k${i}`, 'x'.repeat(500)]]))
  await machine.move([])
  const began = machine.clock.now()
  for (let i = 0; i < 50; i++) await machine.run(machine.commit([[`k${i}`, 'y'.repeat(500)]]))
  t.true(machine.clock.now() - began < 2_500, `${machine.clock.now() - began} ms for 50 commits`)
  t.true(machine.mostWaitingBytes < 5_000, `${machine.mostWaitingBytes} bytes wait`)
  machine.kill()
  machine.disk.heal()
  await machine.start()
})

test('whatever happens, a snapshot gives the state of a commit that counted, or nothing', async (t) => {
  let loaded = 0
  let starts = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(step, { minLength: 5, maxLength: 40 }), async (seed, steps) => {
      const machine = await play(seed, steps)
      starts++
      if (machine.loaded !== null) loaded++
      if (machine.longestWaitMs > 2_500) throw new Error(`a commit waited ${machine.longestWaitMs} ms for the disk`)
      if (machine.mostWaitingBytes > 10_000) throw new Error(`${machine.mostWaitingBytes} bytes waited for the disk`)
    }),
    { numRuns: 300 },
  )
  t.true(loaded > starts / 4, `${loaded} of ${starts} histories end with a snapshot that is of use`)
})
