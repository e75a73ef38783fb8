/** Puts a mistake into the code that is about to be loaded: this process then runs a wrong program, and the code on disk knows nothing of it. */
import { registerHooks } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { mistakes } from '../mistakes.ts'

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

/** Throws when there is no such mistake, or the code that it changes is not there, or not exactly once. */
export function plant(name: string): void {
  const mistake = mistakes.find((one) => one.name === name)
  if (mistake === undefined) throw new Error(`no mistake ${JSON.stringify(name)}; there are ${mistakes.map((one) => one.name).join(', ')}`)
  const url = pathToFileURL(join(checkout, mistake.file)).href
  registerHooks({
    load(loaded, context, nextLoad) {
      const result = nextLoad(loaded, context)
      if (loaded !== url) return result
      return { ...result, source: changed(textOf(result.source), mistake) }
    },
  })
}

/** The source with the mistake in it. */
export function changed(source: string, { name, file, right, wrong }: (typeof mistakes)[number]): string {
  const parts = source.split(right)
  if (parts.length !== 2) throw new Error(`the mistake ${JSON.stringify(name)} finds its place in ${file} ${parts.length - 1} times; it must be once`)
  return parts.join(wrong)
}

function textOf(source: unknown): string {
  if (typeof source === 'string') return source
  if (source instanceof Uint8Array) return Buffer.from(source).toString()
  throw new Error('the source of a module came as something else than text')
}
