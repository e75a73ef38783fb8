import { z } from 'zod'
import { httpUrl, objectName, relativePath } from '../schema/formats.ts'
import { withRules } from '../schema/rules.ts'
import { duration, text } from '../schema/scalars.ts'

const s3 = z.object({
  bucket: text(
    { min: 3, max: 63 },
    { pattern: '^[a-z0-9][-.a-z0-9]*[a-z0-9]$', message: 'write the name of a bucket: lower-case letters, digits, dashes and dots' },
  ).describe('Name of the bucket.'),
  prefix: relativePath().exactOptional().describe('Folder in the bucket.'),
  endpoint: httpUrl().exactOptional().describe("Address of the service; absent: Amazon's."),
  region: text({ max: 64 }, { pattern: '^[-a-zA-Z0-9]+$', message: 'write a region such as eu-central-1' })
    .exactOptional()
    .describe('Region of the bucket.'),
  secret: objectName().exactOptional().describe('Secret with `accessKeyId` and `secretAccessKey`; absent: the identity of the pod.'),
})

/** Where the files of savepoints lie. */
export const SavepointStorage = withRules(
  z.object({
    s3: s3.exactOptional().describe('A bucket of an S3 service.'),
    volumeClaim: objectName().exactOptional().describe('A PersistentVolumeClaim that many nodes can write (ReadWriteMany).'),
    path: relativePath().exactOptional().describe('Folder in the volume.'),
  }),
  [
    {
      cel: 'has(self.s3) != has(self.volumeClaim)',
      check: (value) => (value.s3 === undefined) !== (value.volumeClaim === undefined),
      message: 'set exactly one of s3 and volumeClaim',
    },
    {
      cel: '!has(self.path) || has(self.volumeClaim)',
      check: (value) => value.path === undefined || value.volumeClaim !== undefined,
      fieldPath: '.path',
      message: 'path belongs to volumeClaim; in a bucket it is s3.prefix',
    },
  ],
)
export type SavepointStorage = z.output<typeof SavepointStorage>

/** Storage, schedule and retention of savepoints. */
export const Savepoints = withRules(
  z.object({
    storage: SavepointStorage.exactOptional().describe('Where they are kept. None: no savepoints.'),
    schedule: z
      .object({ every: duration().describe('Time between savepoints.') })
      .exactOptional()
      .describe('Take savepoints regularly.'),
    retain: z
      .object({
        count: z.int().min(1).max(1_000).default(10).describe('Scheduled savepoints to keep at most.'),
        age: duration().default('7d').describe('Age up to which they are kept; the newest is always kept.'),
      })
      .prefault({})
      .describe('How long scheduled savepoints are kept.'),
  }),
  [
    {
      cel: '!has(self.schedule) || has(self.storage)',
      check: (value) => value.schedule === undefined || value.storage !== undefined,
      fieldPath: '.storage',
      message: 'set storage: a schedule needs a place for its savepoints',
    },
  ],
)
export type Savepoints = z.output<typeof Savepoints>
