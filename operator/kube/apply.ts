import { createHash } from 'node:crypto'
import type { CallOptions, Desired, KubeClient } from './client.ts'
import type { KubeObject, Resource, Stored } from './resources.ts'

/** Where an object carries the hash of what was applied to it last. */
export const appliedAnnotation = 'streamjob.dev/applied-hash'

/** Makes objects so by server-side apply, but only when they are not so already: a steady state writes nothing. */
export interface Applier {
  /**
   * `known` is the object as the cache has it. The fields of `desired` are taken from whoever holds them; those that we once applied and
   * no longer want go away. With `metadata.uid` in `desired`, another incarnation of the object is a Conflict.
   */
  ensure<T extends KubeObject>(
    resource: Resource<T>,
    desired: Desired<T>,
    known: Stored<T> | undefined,
    options?: CallOptions,
  ): Promise<{ readonly object: Stored<T>; readonly written: boolean }>
}

export function createApplier(client: KubeClient): Applier {
  /** By uid: what was applied, and what the server made of it. Needed where the server writes a value in another way (1000m becomes 1). */
  const accepted = new Map<string, { readonly hash: string; readonly content: string }>()
  const remembered = 10_000

  return {
    async ensure(resource, desired, known, options = {}) {
      const hash = digest(desired)
      if (known !== undefined && known.metadata.deletionTimestamp === undefined) {
        const before = accepted.get(known.metadata.uid)
        if (known.metadata.annotations?.[appliedAnnotation] === hash && covers(known, desired)) return { object: known, written: false }
        if (before !== undefined && before.hash === hash && before.content === contentOf(known)) return { object: known, written: false }
      }
      const { metadata } = desired
      const marked = { ...desired, metadata: { ...metadata, annotations: { ...metadata.annotations, [appliedAnnotation]: hash } } }
      const object = await client.apply(resource, marked, { ...options, force: true })
      accepted.delete(object.metadata.uid)
      accepted.set(object.metadata.uid, { hash, content: contentOf(object) })
      for (const oldest of accepted.keys()) {
        if (accepted.size <= remembered) break
        accepted.delete(oldest)
      }
      return { object, written: true }
    },
  }
}

/** True when `actual` has every field of `desired` with that value; what it has besides doesn't count. An empty value is as good as none. */
export function covers(actual: unknown, desired: unknown): boolean {
  if (isNothing(desired)) return isNothing(actual)
  if (Array.isArray(desired)) {
    if (!Array.isArray(actual) || actual.length !== desired.length) return false
    const found: readonly unknown[] = actual
    return desired.every((item: unknown, index) => covers(found.find((other) => sameName(other, item)) ?? found[index], item))
  }
  if (typeof desired === 'object' && desired !== null) {
    if (typeof actual !== 'object' || actual === null) return false
    // Both are plain objects of JSON here.
    const fields = actual as Readonly<Record<string, unknown>>
    return Object.entries(desired).every(([name, value]) => covers(fields[name], value))
  }
  return actual === desired
}

const isNothing = (value: unknown): boolean => value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)

function sameName(a: unknown, b: unknown): boolean {
  const nameOf = (value: unknown): unknown => (typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : undefined)
  return nameOf(a) !== undefined && nameOf(a) === nameOf(b)
}

/** Everything about an object that an apply can change. */
function contentOf(object: Stored<KubeObject>): string {
  const { metadata, status, ...rest } = object as Stored<KubeObject> & { status?: unknown }
  void status
  const { labels, annotations, finalizers, ownerReferences } = metadata
  return digest({ ...rest, labels, annotations, finalizers, ownerReferences })
}

const digest = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex').slice(0, 32)

/** JSON with the names of every object in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
