import { createStateStore } from '../../../runtime/state/table-store.ts'
import { stateStoreConformance } from '../../conformance/state-store.ts'

stateStoreConformance('table store', createStateStore)
