import { homedir } from 'node:os'
import { join } from 'node:path'

/** The checkout. */
export const checkout = join(import.meta.dirname, '..', '..', '..')

/** Everything that hack/ keeps outside the checkout lies here: artefacts (may be deleted when nothing runs) and the state of what runs. */
export const cacheRoot = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'streamjob')

/** State of running components of one owner: `test` and `demo` may exist side by side. */
export const stateOf = (owner: BrokerOwner, component: string): string => join(cacheRoot, 'run', owner, component)

/** Who a running component belongs to; each has its own ports. */
export type Owner = 'dev' | 'demo' | 'test'

/** The bench, the tests of outages and those of credentials have a broker of their own, and nothing else. */
export type BrokerOwner = Owner | 'bench' | 'outage' | 'secured'
