/** Proof that the simulation finds what it is for: each mistake, planted into the code of its processes, is found. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { mistakes } from './mistakes.ts'
import { changed } from './run/plant.ts'
import { simulateSeeds } from './run/pool.ts'

const within = 500

for (const mistake of mistakes) {
  test.serial(`${mistake.name}: found within ${within} runs`, async (t) => {
    t.timeout(10 * 60_000)
    const { violations } = await simulateSeeds({ from: 1, to: within }, { mistake: mistake.name, ...(mistake.jobs && { jobs: mistake.jobs }) })
    const [first] = violations
    if (first === undefined) return t.fail(`${within} runs did not find it`)
    t.log(`seed ${first.seed}: ${first.violation}`)
    t.pass()
  })
}

test('each mistake changes code that is there, once', async (t) => {
  for (const mistake of mistakes) {
    for (const change of [mistake, ...(mistake.also ?? [])]) {
      const source = await readFile(join(import.meta.dirname, '..', '..', change.file), 'utf8')
      t.notThrows(() => changed(source, change))
    }
  }
  t.is(new Set(mistakes.map(({ name }) => name)).size, mistakes.length)
})
