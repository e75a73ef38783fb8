/** What a suite needs to be up; `brokers` is a Kafka cluster of three nodes. */
export type Need = 'broker' | 'brokers' | 'apiserver' | 'helm' | 'native' | 'kind'

export interface Suite {
  readonly name: string
  /** Whether a test file, by its path below the checkout, belongs to it. */
  readonly owns: (file: string) => boolean
  readonly needs: readonly Need[]
  /** One file after the other: they share one cluster. */
  readonly serial: boolean
  /** Without any finished test for so long, the run fails (ava's --timeout). */
  readonly idleTimeout: string
  /** Too long for every run: only by name or with --all. */
  readonly rare?: true
  /** What it may take with warm caches on two cores, its infrastructure included. Exceeding it is reported, not failed. */
  readonly budgetSeconds: number
}

/** All suites, in the order in which they run. A test file's name decides where it belongs. */
export const suites: readonly Suite[] = [
  {
    name: 'unit',
    owns: (file) => !/\.(simulation|kafka|faults|kube|chart|e2e|bench|soak)\.test\.ts$/.test(file),
    needs: [],
    serial: false,
    idleTimeout: '5m',
    budgetSeconds: 120,
  },
  // Each test keeps all processors busy.
  { name: 'simulation', owns: (file) => file.endsWith('.simulation.test.ts'), needs: [], serial: true, idleTimeout: '15m', budgetSeconds: 620 },
  { name: 'kafka', owns: (file) => file.endsWith('.kafka.test.ts'), needs: ['broker'], serial: false, idleTimeout: '5m', budgetSeconds: 180 },
  // One file after the other: what a scenario does to a node, it does to all.
  {
    name: 'faults',
    owns: (file) => file.endsWith('.faults.test.ts'),
    needs: ['broker', 'brokers'],
    serial: true,
    idleTimeout: '5m',
    budgetSeconds: 240,
  },
  {
    name: 'operator',
    owns: (file) => file.endsWith('.kube.test.ts'),
    needs: ['broker', 'apiserver', 'helm'],
    serial: false,
    idleTimeout: '5m',
    budgetSeconds: 240,
  },
  { name: 'chart', owns: (file) => file.endsWith('.chart.test.ts'), needs: ['helm'], serial: false, idleTimeout: '5m', budgetSeconds: 30 },
  { name: 'e2e', owns: (file) => file.endsWith('.e2e.test.ts'), needs: ['native'], serial: true, idleTimeout: '15m', budgetSeconds: 840 },
  // The short pass: what shows that nothing depends on the native cluster.
  { name: 'kind', owns: (file) => file.endsWith('smoke.e2e.test.ts'), needs: ['kind'], serial: true, idleTimeout: '10m', budgetSeconds: 180 },
  // After everything else is down: it has the machine to itself.
  { name: 'bench', owns: (file) => file.endsWith('.bench.test.ts'), needs: [], serial: true, idleTimeout: '5m', budgetSeconds: 90 },
  {
    name: 'soak',
    owns: (file) => file.endsWith('.soak.test.ts'),
    needs: ['native'],
    serial: true,
    idleTimeout: '15m',
    rare: true,
    budgetSeconds: 600,
  },
]
