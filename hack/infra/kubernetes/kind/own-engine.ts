import { join } from 'node:path'
import { daemon } from '../../machine/daemon.ts'
import { cacheRoot } from '../../machine/paths.ts'

/** State of the Docker engine that we start where none runs. */
export const engineDirectory = join(cacheRoot, 'run', 'docker-engine')

/** Whether it runs. */
export const engineIsUp = (): boolean => daemon(engineDirectory, 'dockerd') !== null
