/** Rebalances one after the other, as members come, go, restart and warm up. */
import test from 'ava'
import fc from 'fast-check'
import { assignTasks, taskName } from '../../../../runtime/worker/assignment.ts'
import type { AssignmentOrder, Candidate, Share } from '../../../../runtime/worker/assignment.ts'

/** A member between two rounds: what it holds, and what it was told to keep copies of. */
interface Member {
  owned: string[]
  warm: string[]
  copies: Share['copies']
}

class Group {
  readonly order: AssignmentOrder
  readonly members = new Map<number, Member>()
  /** Moves of tasks whose owner lived, and went to somebody without a warm copy. */
  coldMoves = 0

  constructor(partitions: readonly number[], standbys: number) {
    this.order = { epoch: 1, parallelism: 99, standbys, stages: partitions.map((count, i) => ({ name: `s${i}`, partitions: count })) }
  }

  get tasks(): readonly string[] {
    return this.order.stages.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => taskName({ stage: name, partition })),
    )
  }

  /** Who joins, or was started anew: it holds nothing. */
  start(ordinal: number): void {
    this.members.set(ordinal, { owned: [], warm: [], copies: [] })
  }

  /** The copies for which `is` says so are warm from now on. */
  warmUp(is: () => boolean): void {
    for (const member of this.members.values()) {
      const names = member.copies.map(taskName)
      member.warm = names.filter((name) => member.warm.includes(name) || is())
    }
  }

  candidates(): readonly Candidate[] {
    return [...this.members].map(([ordinal, { owned, warm }]) => ({ instanceId: `job-${ordinal}`, ordinal, epoch: 1, owned, warm }))
  }

  round(): ReadonlyMap<string, Share> {
    const owners = new Map([...this.members].flatMap(([ordinal, { owned }]) => owned.map((name) => [name, ordinal] as const)))
    const shares = assignTasks(this.order, this.candidates())
    for (const [ordinal, member] of this.members) {
      const { tasks, copies } = shares.get(`job-${ordinal}`)!
      const names = tasks.map(taskName)
      this.coldMoves += names.filter((name) => owners.has(name) && owners.get(name) !== ordinal && !member.warm.includes(name)).length
      member.owned = names
      member.copies = copies
      member.warm = member.warm.filter((name) => copies.some((copy) => taskName(copy) === name))
    }
    return shares
  }

  get counts(): readonly number[] {
    return [...this.members.values()].map(({ owned }) => owned.length)
  }

  get isBalanced(): boolean {
    const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts)
    const each = (of: (name: string) => boolean): number[] => [...this.members.values()].map(({ owned }) => owned.filter(of).length)
    return spread(each(() => true)) <= 1 && this.order.stages.every(({ name }) => spread(each((task) => task.startsWith(`${name}/`))) <= 1)
  }

  get moving(): readonly string[] {
    return [...this.members.values()].flatMap(({ copies }) => copies.filter(({ moves }) => moves).map(taskName))
  }
}

type Event = { readonly kind: 'start' | 'stop'; readonly ordinal: number } | { readonly kind: 'warm'; readonly seed: number }

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constantFrom('start' as const, 'stop' as const), ordinal: fc.nat(5) }),
  fc.record({ kind: fc.constant('warm' as const), seed: fc.nat(0xffff) }),
)
const history = fc.record({
  partitions: fc.array(fc.integer({ min: 1, max: 11 }), { minLength: 1, maxLength: 3 }),
  standbys: fc.nat(2),
  events: fc.array(event, { maxLength: 20 }),
})

/** A group of at least one member, which has seen it all; `check` is called behind each round. */
function live(
  { partitions, standbys, events }: { partitions: number[]; standbys: number; events: Event[] },
  check: (group: Group) => void = () => {},
): Group {
  const group = new Group(partitions, standbys)
  group.start(0)
  for (const one of events) {
    if (one.kind === 'start') group.start(one.ordinal)
    else if (one.kind === 'warm') {
      let bits = one.seed
      group.warmUp(() => ((bits = (bits * 75 + 74) % 65_537) & 1) === 1)
    } else if (group.members.size > 1) group.members.delete(one.ordinal)
    group.round()
    check(group)
  }
  return group
}

function holds(property: (story: { partitions: number[]; standbys: number; events: Event[] }) => void): void {
  fc.assert(fc.property(history, property), { numRuns: 300 })
}

test('in every round each task has one owner, and none of its copies is there', (t) => {
  holds((story) => {
    live(story, (group) => {
      const owned = [...group.members.values()].flatMap((member) => member.owned)
      if (owned.toSorted().join() !== group.tasks.toSorted().join()) throw new Error(`owned: ${owned.join()}`)
      for (const { owned: own, copies } of group.members.values()) {
        const names = copies.map(taskName)
        if (names.some((name) => own.includes(name)) || new Set(names).size < names.length) throw new Error(`copies: ${names.join()}`)
      }
    })
  })
  t.pass()
})

test('a task whose owner lives moves only to a member that is warm for it', (t) => {
  holds((story) => {
    const { coldMoves } = live(story)
    if (coldMoves > 0) throw new Error(`${coldMoves} tasks moved to a member without a copy`)
  })
  t.pass()
})

test('when everybody is warm the next round is balanced, and nothing moves behind it', (t) => {
  holds((story) => {
    const group = live(story)
    group.round()
    group.warmUp(() => true)
    const moving = group.moving.length
    const before = new Map([...group.members].map(([ordinal, { owned }]) => [ordinal, owned]))
    group.round()
    const moved = [...group.members].flatMap(([ordinal, { owned }]) => owned.filter((name) => !before.get(ordinal)?.includes(name))).length
    if (!group.isBalanced || moved !== moving || group.moving.length > 0) throw new Error(`${group.counts.join()}; ${moved} of ${moving} moved`)
    group.warmUp(() => true)
    const settled = JSON.stringify([...group.round()])
    group.warmUp(() => true)
    if (JSON.stringify([...group.round()]) !== settled) throw new Error('what is settled changed')
  })
  t.pass()
})

/** Rounds with some copies more warm each time, until nothing is to move. Returns the moves, as name -> ordinal; a task that moves twice is an error. */
function settle(group: Group, draw: () => boolean): ReadonlyMap<string, number> {
  const moves = new Map<string, number>()
  for (let round = 0; group.moving.length > 0; round++) {
    if (round > 200) throw new Error('it never ends')
    const before = new Map([...group.members].map(([ordinal, { owned }]) => [ordinal, owned]))
    group.warmUp(draw)
    group.round()
    for (const [ordinal, { owned }] of group.members) {
      for (const name of owned.filter((one) => !before.get(ordinal)?.includes(one))) {
        if (moves.has(name)) throw new Error(`${name} moved twice`)
        moves.set(name, ordinal)
      }
    }
  }
  return moves
}

for (const standbys of [0, 1, 2]) {
  const where = standbys === 0 ? 'to where it was announced' : 'and no more than were announced'
  test(`with ${standbys} standbys, however copies warm up one after the other, each task moves once, ${where}`, (t) => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.boolean()), (story, lots) => {
        const group = live({ ...story, standbys })
        group.round()
        const announced = [...group.members].flatMap(([ordinal, { copies }]) =>
          copies.filter(({ moves }) => moves).map((copy) => [taskName(copy), ordinal] as const),
        )
        const draw = lots[Symbol.iterator]()
        const moves = settle(group, () => draw.next().value === true)
        if (!group.isBalanced || moves.size !== announced.length) throw new Error(`${moves.size} moved, ${announced.length} were announced`)
        if (standbys === 0) for (const [name, ordinal] of announced) if (moves.get(name) !== ordinal) throw new Error(`${name} is not at ${ordinal}`)
      }),
      { numRuns: 300 },
    )
    t.pass()
  })
}

test('every task has as many copies as were ordered, or as there are other members, in fair shares', (t) => {
  holds((story) => {
    const group = live(story)
    group.round()
    group.warmUp(() => true)
    group.round()
    const wanted = Math.min(story.standbys, group.members.size - 1)
    const copies = [...group.members.values()].map((member) => member.copies.map(taskName))
    for (const name of group.tasks) {
      const count = copies.flat().filter((copy) => copy === name).length
      if (count !== wanted) throw new Error(`${name} has ${count} copies`)
    }
    const share = Math.ceil((group.tasks.length * wanted) / group.members.size)
    if (copies.some((names) => names.length > share)) throw new Error(`copies: ${copies.map((names) => names.length).join()}, share ${share}`)
  })
  t.pass()
})

test('a member that is gone leaves its tasks to whoever is warm for them', (t) => {
  holds(({ partitions, events }) => {
    const group = live({ partitions, standbys: 1, events })
    if (group.members.size < 2) group.start(6)
    group.round()
    group.warmUp(() => true)
    group.round()
    group.warmUp(() => true)
    const [[ordinal, { owned }] = [0, { owned: [] as string[] }]] = group.members
    group.members.delete(ordinal)
    const warm = new Map([...group.members].map(([other, member]) => [other, member.warm]))
    group.round()
    for (const [other, member] of group.members) {
      for (const name of member.owned) if (owned.includes(name) && !warm.get(other)?.includes(name)) throw new Error(`${name} went to ${other}`)
    }
  })
  t.pass()
})

test('standbys that are warm stay where they are when a member joins, unless their share became too large', (t) => {
  const group = new Group([6], 1)
  for (const ordinal of [0, 1]) group.start(ordinal)
  group.round()
  group.warmUp(() => true)
  group.round()
  group.start(2)
  const before = [...group.members.values()].map(({ warm }) => warm)
  group.round()
  const kept = [...group.members.values()].map(({ warm }, i) => warm.filter((name) => before[i]?.includes(name)).length)
  t.deepEqual(kept, [2, 2, 0])
})
