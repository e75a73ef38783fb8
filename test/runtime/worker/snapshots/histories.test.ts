/** Whatever happens to a task and its disk, and in whatever order: what is loaded is the state of a commit that counted, and with the changelog's end all is there. */
import test from 'ava'
import fc from 'fast-check'
import { SnapshotMachine } from '../../../support/snapshot-machine.ts'
import type { Changes } from '../../../support/snapshot-machine.ts'

const day = 86_400_000

type Step =
  | { readonly kind: 'commit'; readonly changes: Changes; readonly known: boolean }
  | { readonly kind: 'rewind'; readonly changes: Changes }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'compact' }
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
    const work = begin(machine, one)
    if (next?.kind === 'end' && next.how !== 'close') await cutShort(machine, work, next.how === 'power', next.afterMs)
    else await machine.run(work)
    if (one.kind === 'end') {
      machine.elsewhere(one.elsewhere, one.downMs)
      await startAgain(machine)
    }
  }
  await machine.run(machine.close())
  machine.disk.heal()
  await startAgain(machine)
  return machine
}

async function startAgain(machine: SnapshotMachine): Promise<void> {
  const took = await machine.start()
  if (took > 15_000) throw new Error(`the disk held the start up for ${took} ms`)
}

function begin(machine: SnapshotMachine, one: Step): Promise<void> {
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
    { numRuns: Number(process.env['RUNS'] ?? 300) },
  )
  t.true(loaded > starts / 4, `${loaded} of ${starts} histories end with a snapshot that is of use`)
})
