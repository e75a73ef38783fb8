/** Scripts at random, played on a real broker and on a virtual one: every answer is the same. */
import test from 'ava'
import fc from 'fast-check'
import { KafkaUnderTest } from '../../../conformance/kafka/client/kafka.ts'
import { playTransactions, transactionScript } from '../../../conformance/kafka/scripts/transactions.ts'
import type { Target } from '../../../conformance/kafka/target.ts'
import { realTarget } from '../../../conformance/kafka/targets/real.ts'
import { virtualTarget } from '../../../conformance/kafka/targets/virtual.ts'
import { brokers, uniqueName } from '../../../support/kafka.ts'

const real = realTarget(brokers())
test.after.always(() => real[Symbol.asyncDispose]())

/** Plays on the target, in its time. */
async function played<S>(target: Target, name: string, play: (kafka: KafkaUnderTest, script: S) => Promise<readonly string[]>, script: S) {
  let answers: readonly string[] = []
  await target.run(async () => {
    await using kafka = new KafkaUnderTest(target, name)
    answers = await play(kafka, script)
  })
  return answers
}

test('whatever producers do in whatever order, a virtual broker answers as a real one', async (t) => {
  await fc.assert(
    fc.asyncProperty(transactionScript, async (script) => {
      const name = uniqueName(t)
      const [expected, answered] = await Promise.all([
        played(real, name, playTransactions, script),
        played(virtualTarget({ nodes: 1 }), name, playTransactions, script),
      ])
      const at = expected.findIndex((answer, i) => answer !== answered[i])
      if (at >= 0) throw new Error(`a real broker: ${expected[at]}\na virtual one: ${answered[at]}\nafter\n${expected.slice(0, at).join('\n')}`)
    }),
    { numRuns: 100, includeErrorInReport: true },
  )
  t.pass()
})
