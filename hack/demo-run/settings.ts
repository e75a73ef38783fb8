/** Names and numbers of the demo. Those of the job say again what stands in streamjob.yaml: whoever counts again must not read it from there. */

/** The StreamJob. */
export const job = {
  name: 'revenue',
  namespace: 'default',
  /** Consumer group, and prefix of the topics that the operator makes. */
  applicationId: 'default.revenue',
  input: 'orders',
  output: 'revenue-per-customer',
  late: 'default.revenue.late',
  dead: 'default.revenue.dlq',
} as const

/** Its window, in event time, milliseconds. */
export const window = { size: 5_000, outOfOrderness: 1_000, lateness: 1_000 } as const

/** Of input and output topic. */
export const partitions = 4

/** What the generator sends. It ends by itself after a while, so that a forgotten demo does not fill the disk. */
export const orders = { perSecond: 100, seed: 2_026, forSeconds: 3_600 } as const

/** How long results are shown before they are checked. Milliseconds. */
export const liveMs = 20_000
