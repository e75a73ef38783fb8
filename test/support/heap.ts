/** What is in use of the heap once all garbage is collected. Bytes. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

export function heapInUse(): number {
  collect()
  return process.memoryUsage().heapUsed
}
