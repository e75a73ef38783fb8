import { join } from 'node:path'
import { daemon } from '../daemon.ts'
import { cacheRoot } from '../paths.ts'

/** State of the Docker engine that we start where none runs. */
export const engineDirectory = join(cacheRoot, 'run', 'docker-engine')

/** Whether it runs. */
export const engineIsUp = (): boolean => daemon(engineDirectory, 'dockerd') !== null
