import { step } from '../infra/progress.ts'
import type { Broker } from '../infra/kafka/broker.ts'
import { differences } from './compare.ts'
import { generatorRuns, startGenerator, stopGenerator } from './generator.ts'
import { caughtUp, readCommitted } from './read-topics.ts'
import { recount } from './recount.ts'
import { job } from './settings.ts'

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
    const [input = [], results = [], late = [], dead = []] = await step("topics read by Kafka's console consumer, read_committed", () =>
      Promise.all([job.input, job.output, job.late, job.dead].map((topic) => readCommitted(broker, topic))),
    )
    const expected = recount(input)
    const wrong = differences(expected, { results, late, dead })
    const summary = `${expected.orders} orders -> ${expected.results.size} results, ${expected.late.length} late orders, ${expected.dead.length} dead letters`
    return { summary, wrong: expected.results.size === 0 ? ['there is no result at all', ...wrong] : wrong }
  } finally {
    if (ran) startGenerator(broker)
  }
}
