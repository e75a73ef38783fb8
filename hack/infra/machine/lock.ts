import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive, type ProcessIdentity } from './identity.ts'
import { say } from '../progress.ts'

/** Waits for the lock file; one whose process is gone counts as free. Released with the returned handle. */
export async function acquire(file: string): Promise<AsyncDisposable> {
  await mkdir(dirname(file), { recursive: true })
  const mine = JSON.stringify(identify(process.pid))
  for (let waited = false; ; waited = true) {
    try {
      await writeFile(file, mine, { flag: 'wx' })
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = await readFile(file, 'utf8').catch(() => '')
    if (holder !== '' && !isAlive(JSON.parse(holder) as ProcessIdentity)) await rm(file, { force: true })
    else if (!waited) say(`      … waiting for another process, which holds ${file}`)
    await sleep(200)
  }
}
