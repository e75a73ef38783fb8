/** Puts a mistake into the code that is about to be loaded: this process then runs a wrong program, and the code on disk knows nothing of it. */
import { registerHooks } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { mistakes } from '../mistakes.ts'
import type { Change } from '../mistakes.ts'

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

/** Throws when there is no such mistake, or the code that it changes is not there, or not exactly once. */
export function plant(name: string): void {
  const mistake = mistakes.find((one) => one.name === name)
  if (mistake === undefined) throw new Error(`no mistake ${JSON.stringify(name)}; there are ${mistakes.map((one) => one.name).join(', ')}`)
  const changes = Map.groupBy([mistake, ...(mistake.also ?? [])], ({ file }) => pathToFileURL(join(checkout, file)).href)
  registerHooks({
    load(loaded, context, nextLoad) {
      const result = nextLoad(loaded, context)
      const found = changes.get(loaded)
      return found === undefined ? result : { ...result, source: found.reduce(changed, textOf(result.source)) }
    },
  })
}

/** The source with the change in it. */
export function changed(source: string, { file, right, wrong }: Change): string {
  const parts = source.split(right)
  if (parts.length !== 2) throw new Error(`${JSON.stringify(right)} is in ${file} ${parts.length - 1} times; it must be once`)
  return parts.join(wrong)
}

function textOf(source: unknown): string {
  if (typeof source === 'string') return source
  if (source instanceof Uint8Array) return Buffer.from(source).toString()
  throw new Error('the source of a module came as something else than text')
}
