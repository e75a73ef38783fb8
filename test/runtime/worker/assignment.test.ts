import test from 'ava'
import fc from 'fast-check'
import { assignTasks, taskName } from '../../../runtime/worker/assignment.ts'
import type { AssignmentOrder, Candidate, TaskId } from '../../../runtime/worker/assignment.ts'

const order = (parallelism: number, partitions: number, epoch = 1, standbys = 0): AssignmentOrder => ({
  epoch,
  parallelism,
  standbys,
  stages: [{ name: 'orders', partitions }],
})
const member = (ordinal: number, owned: readonly string[] = [], epoch = 1, warm: readonly string[] = []): Candidate => ({
  instanceId: `job-${ordinal}`,
  ordinal,
  epoch,
  owned,
  warm,
})
/** The tasks alone. */
const tasksOf = (...given: Parameters<typeof assignTasks>): Map<string, readonly TaskId[]> =>
  new Map([...assignTasks(...given)].map(([id, { tasks }]) => [id, tasks]))
const counts = (assignment: ReadonlyMap<string, readonly unknown[]>): number[] => [...assignment.values()].map((tasks) => tasks.length)

const scenario = fc
  .record({
    partitions: fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 1, maxLength: 4 }),
    members: fc.integer({ min: 1, max: 7 }),
    next: fc.integer({ min: 1, max: 7 }),
  })
  .map(({ partitions, members, next }) => ({
    order: { epoch: 1, parallelism: 7, standbys: 0, stages: partitions.map((count, index) => ({ name: `s${index}`, partitions: count })) },
    members: Array.from({ length: members }, (_, ordinal) => member(ordinal)),
    next,
  }))

test('every task has exactly one owner', (t) => {
  fc.assert(
    fc.property(scenario, ({ order, members }) => {
      const all = [...tasksOf(order, members).values()].flat().map(taskName)
      const expected = order.stages.flatMap((stage) =>
        Array.from({ length: stage.partitions }, (_, partition) => taskName({ stage: stage.name, partition })),
      )
      return all.length === expected.length && new Set(all).size === all.length && expected.every((name) => all.includes(name))
    }),
  )
  t.pass()
})

test('two members differ by at most one task, per stage and in total', (t) => {
  fc.assert(
    fc.property(scenario, ({ order, members }) => {
      const assignment = tasksOf(order, members)
      const spread = (numbers: readonly number[]): number => Math.max(...numbers) - Math.min(...numbers)
      const perStage = order.stages.every(
        (stage) => spread([...assignment.values()].map((tasks) => tasks.filter((task) => task.stage === stage.name).length)) <= 1,
      )
      return perStage && spread(counts(assignment)) <= 1
    }),
  )
  t.pass()
})

test('the same members keep what they have, in whatever order they are listed', (t) => {
  fc.assert(
    fc.property(scenario, ({ order, members }) => {
      const first = tasksOf(order, members)
      const again = tasksOf(order, members.map((m) => ({ ...m, owned: (first.get(m.instanceId) ?? []).map(taskName) })).toReversed())
      return members.every((m) => sameTasks(first.get(m.instanceId), again.get(m.instanceId)))
    }),
  )
  t.pass()
})

test('a change of the number of members of one stage moves no more tasks than balance demands', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), (partitions, before, after) => {
      const first = tasksOf(
        order(7, partitions),
        Array.from({ length: before }, (_, o) => member(o)),
      )
      const all = Array.from({ length: partitions }, (_, partition) => taskName({ stage: 'orders', partition }))
      const owned = (o: number): string[] => (first.get(`job-${o}`) ?? []).map(taskName)
      const second = tasksOf(
        order(7, partitions),
        Array.from({ length: after }, (_, o) => member(o, owned(o), 1, all)),
      )
      const kept = [...second].flatMap(([id, tasks]) =>
        tasks.filter((task) => (first.get(id) ?? []).some((was) => taskName(was) === taskName(task))),
      ).length
      const large = Math.ceil(partitions / after)
      const small = Math.floor(partitions / after)
      const larger = partitions % after
      const had = Array.from({ length: after }, (_, o) => owned(o).length).toSorted((a, b) => b - a)
      const possible = had.reduce((sum, count, index) => sum + Math.min(count, index < larger ? large : small), 0)
      return kept === possible
    }),
  )
  t.pass()
})

test('a member of an older epoch gets nothing', (t) => {
  const assignment = tasksOf(order(2, 4, 2), [member(0, [], 2), member(1, ['orders/0'], 1)])
  t.is(assignment.get('job-0')?.length, 4)
  t.is(assignment.get('job-1')?.length, 0)
})

test('an ordinal beyond the parallelism gets nothing', (t) => {
  t.deepEqual(counts(tasksOf(order(1, 4), [member(0), member(1)])), [4, 0])
})

test('nobody gets anything from a leader that is behind a member', (t) => {
  t.deepEqual(counts(tasksOf(order(2, 4, 1), [member(0, [], 1), member(1, [], 2)])), [0, 0])
})

test('of two claims to one task the lowest ordinal counts', (t) => {
  const assignment = tasksOf(order(2, 2), [member(1, ['orders/0']), member(0, ['orders/0'])])
  t.deepEqual(assignment.get('job-0'), [{ stage: 'orders', partition: 0 }])
})

function sameTasks(
  a: readonly { stage: string; partition: number }[] | undefined,
  b: readonly { stage: string; partition: number }[] | undefined,
): boolean {
  const names = (tasks: readonly { stage: string; partition: number }[] | undefined): string => (tasks ?? []).map(taskName).toSorted().join()
  return names(a) === names(b)
}
