/** What a peer program is asked to do. It is its one argument, as JSON; the Java programs read the same in `java/common/Request.java`. */
import { z } from 'zod'

const sizeMs = { sizeMs: z.int().positive() }
const slideMs = { slideMs: z.int().positive() }
const disorder = { outOfOrdernessMs: z.int().nonnegative() }

export const PeerCase = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pass-through') }),
  z.strictObject({ kind: z.literal('filter-map') }),
  z.strictObject({
    kind: z.literal('windowed'),
    by: z.enum(['auction', 'bidder']),
    ...sizeMs,
    /** Equal to the size for windows that tumble. */
    ...slideMs,
    ...disorder,
  }),
  z.strictObject({ kind: z.literal('sessions'), by: z.enum(['auction', 'bidder']), gapMs: z.int().positive(), ...disorder }),
  z.strictObject({ kind: z.literal('hot-items'), ...sizeMs, ...slideMs, ...disorder }),
  z.strictObject({ kind: z.literal('highest-bids'), ...sizeMs, ...disorder }),
  z.strictObject({ kind: z.literal('new-users'), ...sizeMs, ...disorder }),
])
export type PeerCase = Readonly<z.infer<typeof PeerCase>>

export const PeerRequest = z.strictObject({
  /** host:port, with commas between several. */
  brokers: z.string(),
  input: z.string(),
  output: z.string(),
  /** An empty topic with as many partitions as the input, into which a program may write to move its own event time on. */
  flush: z.string(),
  partitions: z.int().positive(),
  /** Input records to process; 0: no end, until SIGTERM. */
  total: z.int().nonnegative(),
  case: PeerCase,
  guarantee: z.enum(['exactly-once', 'at-least-once']),
  /** Between two commits or checkpoints. */
  intervalMs: z.int().positive(),
  /** Of what is kept of the records. */
  store: z.enum(['memory', 'disk']),
  /** For state and checkpoints: absolute, there, and empty. */
  directory: z.string(),
  /** Group, transactional ids and internal topics begin with it: each run needs its own. */
  applicationId: z.string(),
})
export type PeerRequest = Readonly<z.infer<typeof PeerRequest>>
