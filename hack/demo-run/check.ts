import { step } from '../infra/progress.ts'
import type { Broker } from '../infra/kafka/broker.ts'
import { differences } from './compare.ts'
import { generatorRuns, startGenerator, stopGenerator } from './generator.ts'
import { caughtUp, readTopics } from './read-topics.ts'
import { recount } from './recount.ts'

/** How the check ended. */
export interface Verdict {
  readonly summary: string
  /** What is wrong, a line each; empty: nothing. */
  readonly wrong: readonly string[]
}

/** Lets the job read to the end of its input, and compares all that it has ever written with our own count. The generator pauses meanwhile. */
export async function check(broker: Broker): Promise<Verdict> {
  const ran = generatorRuns()
  await stopGenerator()
  try {
    await step('orders pause; the job has read them all', () => caughtUp(broker))
    const found = await step("topics read by Kafka's console consumer, read_committed", () => readTopics(broker))
    const expected = recount(found.input)
    const wrong = differences(expected, { results: found.output, late: found.late, dead: found.dead })
    const { orders, results, late, dead } = expected
    return { summary: `${orders} orders -> ${results.size} results, ${late.length} late orders, ${dead.length} dead letters`, wrong }
  } finally {
    if (ran) startGenerator(broker)
  }
}
