import type { ClusterDriver } from '../cluster/driver.ts'
import { MissingComponent } from '../missing.ts'

export const kindDriver: ClusterDriver = {
  name: 'kind',
  up: () => Promise.reject(new MissingComponent('kind', 'not yet')),
  down: async () => {},
  running: async () => null,
}
