/** The use cases as whole jobs on virtual brokers, against references that share nothing with the runtime. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { parse } from 'yaml'
import { parseSteps } from '../../../runtime/dsl/steps.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { lanesOf, rowsOf, tried } from '../../support/whole-job/trial.ts'
import type { Row } from '../../support/whole-job/trial.ts'
import { readingsOf } from './readings.ts'
import type { Reading } from './readings.ts'
import { hoursOfDay, stored, storedAsNumbers, summaries } from './reference.ts'
import uc1 from './uc1.ts'
import uc2 from './uc2.ts'
import uc3 from './uc3.ts'

interface UseCase {
  readonly plan: Plan
  readonly readings: readonly Reading[]
  readonly expected: (readings: readonly Reading[]) => readonly Row[]
}

const partitions = 3
const seconds = readingsOf({ count: 3_000, sensors: 10, everyMs: 200, disorderMs: 5_000 })
const days = readingsOf({ count: 3_000, sensors: 3, everyMs: 5 * 60_000, disorderMs: 10 * 60_000 })

const useCases: Readonly<Record<string, UseCase>> = {
  'use case 1': { plan: uc1, readings: seconds, expected: stored },
  'use case 1 as steps': { plan: steps('uc1'), readings: seconds, expected: storedAsNumbers },
  'use case 2': { plan: uc2, readings: seconds, expected: summaries },
  'use case 2 as steps': { plan: steps('uc2'), readings: seconds, expected: summaries },
  'use case 3': { plan: uc3, readings: days, expected: hoursOfDay },
  'use case 3 as steps': { plan: steps('uc3'), readings: days, expected: hoursOfDay },
}

for (const [name, { plan, readings, expected }] of Object.entries(useCases)) {
  for (const parallelism of [1, 2, 3]) {
    test.serial(`${name} is exact with ${parallelism} workers that are cut off`, async (t) => {
      const timed = plan.nodes.some(({ kind }) => kind === 'eventTime')
      const records = readings.map((value) => ({ key: value.identifier, value, timestamp: timed ? 0 : value.timestamp }))
      const { results, dropped } = await tried({ plan, records, partitions, parallelism, parts: 5 })
      t.deepEqual(dropped, [])
      t.deepEqual(lanesOf(rowsOf(results, partitions)), lanesOf([expected(readings)]))
    })
  }
}

function steps(useCase: string): Plan {
  const { spec } = parse(readFileSync(`${import.meta.dirname}/${useCase}.yaml`, 'utf8')) as { spec: { program: { steps: unknown } } }
  return parseSteps(spec.program.steps)
}
