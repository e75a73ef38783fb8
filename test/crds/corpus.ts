/** The manifests that an API server must accept, and those that it must refuse, with what it says. */
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { AnyResource } from '../support/definitions.ts'

export interface CorpusEntry {
  readonly name: string
  readonly manifest: AnyResource
  /** From the lines `# rejected: FIELD: MESSAGE` at its head. */
  readonly rejections: readonly { readonly field: string; readonly message: string }[]
}

export function corpus(kind: 'good' | 'bad'): readonly CorpusEntry[] {
  const folder = new URL(`corpus/${kind}/`, import.meta.url)
  return readdirSync(folder).map((file) => {
    const text = readFileSync(new URL(file, folder), 'utf8')
    const rejections = [...text.matchAll(/^# rejected: (\S+): (.+)$/gm)].map(([, field = '', message = '']) => ({ field, message }))
    return { name: file.replace(/[.]yaml$/, ''), manifest: parse(text) as AnyResource, rejections }
  })
}

/** The manifest as an object of this namespace. */
export function inNamespace(manifest: AnyResource, namespace: string): AnyResource {
  return { ...manifest, metadata: { ...manifest.metadata, namespace } }
}
