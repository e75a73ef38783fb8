/** Where the author wrote a step: the path in the program, and the line of the call where there is one. */
import { fileURLToPath } from 'node:url'
import type { Place } from '../plan/problems.ts'

/** The site of one node. A window node has two: its own and that of the window step before it. */
export interface Site {
  readonly path: string
  readonly place?: Place | undefined
  /** The site of the window step. */
  readonly window?: Site
}

/** The path and line of a node, or of the part `at` of it. */
export function locate(site: Site, at: string | undefined): { readonly path: string; readonly place?: Place | undefined } {
  if (at === undefined) return site
  if (site.window === undefined || !/^window\b/.test(at)) return { path: `${site.path}.${at}`, place: site.place }
  return { path: `${site.window.path}${at.slice('window'.length)}`, place: site.window.place }
}

/** The line of the author's file from which the builder was called; undefined when the stack does not tell. */
export function callerPlace(): Place | undefined {
  for (const line of new Error().stack?.split('\n').slice(1) ?? []) {
    const match = /(?:at |\()((?:file:\/\/)?\/[^()]*):(\d+):\d+\)?$/.exec(line)
    if (!match?.[1] || !match[2]) continue
    const file = match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1]
    if (!file.startsWith(here)) return { file, line: Number(match[2]) }
  }
  return undefined
}

const here = `${import.meta.dirname}/`
