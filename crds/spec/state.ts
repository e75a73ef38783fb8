import { z } from 'zod'
import { objectName } from '../schema/formats.ts'
import { withRules } from '../schema/rules.ts'
import { duration, text } from '../schema/scalars.ts'

const volume = withRules(
  z.object({
    size: text({ max: 32 }, { pattern: '^[1-9][0-9]{0,11}(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$', message: 'write a size such as 10Gi' }).describe(
      'Size of the volume of each worker; it can only grow, which restarts nobody.',
    ),
    storageClassName: objectName().exactOptional().describe("StorageClass; absent: the cluster's default."),
  }),
  [
    {
      transition: '!isQuantity(self.size) || !isQuantity(oldSelf.size) || quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0',
      fieldPath: '.size',
      message: 'size can only grow; to get smaller volumes remove state.volume, wait until the job is Ready, then set it anew',
    },
    {
      transition:
        'has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
      fieldPath: '.storageClassName',
      message: "storageClassName can't be changed; remove state.volume, wait until the job is Ready, then set it anew",
    },
  ],
)

/** Where the workers keep their state beside the changelog. A volume is a cache: losing it costs time, never correctness. */
export const State = withRules(
  z.object({
    backend: z.enum(['Memory', 'Disk']).default('Memory').describe('Disk: state may be larger than memory; it needs a volume.'),
    volume: volume
      .exactOptional()
      .describe(
        'A volume per worker for local snapshots; it stays while the job is suspended and goes with its worker. None: memory and changelog only.',
      ),
    snapshotInterval: duration().default('60s').describe('Time between local snapshots; of no effect without a volume.'),
    standbys: z.int().min(0).max(5).default(0).describe('Warm copies of each task on other workers.'),
  }),
  [
    {
      cel: "self.backend != 'Disk' || has(self.volume)",
      check: (value) => value.backend !== 'Disk' || value.volume !== undefined,
      fieldPath: '.volume',
      message: 'set volume: backend Disk keeps its state there',
    },
  ],
)
export type State = z.output<typeof State>
