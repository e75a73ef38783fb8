/** Scripts at random, played on a real broker and on a virtual one: every answer is the same. */
import test from 'ava'
import fc from 'fast-check'
import { KafkaUnderTest } from '../../../conformance/kafka/client/kafka.ts'
import { groupScript, playGroups } from '../../../conformance/kafka/scripts/groups.ts'
import { playTransactions, transactionScript } from '../../../conformance/kafka/scripts/transactions.ts'
import type { Target } from '../../../conformance/kafka/target.ts'
import { realTarget } from '../../../conformance/kafka/targets/real.ts'
import { virtualTarget } from '../../../conformance/kafka/targets/virtual.ts'
import { brokers, uniqueName } from '../../../support/kafka.ts'

const real = realTarget(brokers())
test.after.always(() => real[Symbol.asyncDispose]())

test('whatever producers do in whatever order, a virtual broker answers as a real one', async (t) => {
  await fc.assert(
    fc.asyncProperty(transactionScript, async (script) => {
      const play = (kafka: KafkaUnderTest): Promise<readonly string[]> => playTransactions(kafka, script)
      const name = uniqueName(t)
      const [expected, answered] = await Promise.all([played(real, name, play), played(virtualTarget({ nodes: 1 }), name, play)])
      compare(expected, answered)
    }),
    { numRuns: 60, includeErrorInReport: true },
  )
  t.pass()
})

test('whatever members of a group do in whatever order, a virtual broker answers as a real one', async (t) => {
  await fc.assert(
    fc.asyncProperty(groupScript, async (script) => {
      const name = uniqueName(t)
      const answered = await played(virtualTarget({ nodes: 1 }), name, (kafka) => playGroups(kafka, script))
      const expected = await played(real, name, (kafka) => playGroups(kafka, script, answered))
      const words = (answers: typeof expected): string[] => answers.map((some, i) => `${i} ${JSON.stringify(script[i])}: ${some.join('; ')}`)
      compare(words(expected), words(answered))
    }),
    { numRuns: 20, includeErrorInReport: true },
  )
  t.pass()
})

/** Plays on the target, in its time. */
async function played<A>(target: Target, name: string, play: (kafka: KafkaUnderTest) => Promise<A>): Promise<A> {
  const answers: A[] = []
  await target.run(async () => {
    await using kafka = new KafkaUnderTest(target, name)
    answers.push(await play(kafka))
  })
  return answers[0]!
}

/** Throws at the first answer that is another one. */
function compare(expected: readonly string[], answered: readonly string[]): void {
  const at = expected.findIndex((answer, i) => answer !== answered[i])
  if (at < 0) return
  throw new Error(`a real broker: ${expected[at]}\na virtual one: ${answered[at]}\nafter\n${expected.slice(0, at).join('\n')}`)
}
