import type { Desired } from '../kube/client.ts'
import { isAlreadyExists } from '../kube/errors.ts'
import type { KubeObject, Resource, Stored } from '../kube/resources.ts'
import { contentHash } from '../resources/hash.ts'
import { isOwned } from '../resources/object.ts'
import type { Visit } from './visit.ts'
import { place } from './visit.ts'

/** How long an object that was seen as it should be is believed to be so. */
const believedMs = 300_000

/** An object of that name is there and belongs to somebody else. */
export class NotOurs extends Error {
  override readonly name = 'NotOurs'
}

/** Brings an object to what it should be; looks at it every few minutes only. Throws NotOurs. */
export async function ensure<T extends KubeObject>(visit: Visit, resource: Resource<T>, object: T & Desired<T>): Promise<void> {
  await believing(visit, resource, object, async (existing) => {
    await visit.world.applier.ensure(resource, object, existing ?? undefined, { signal: visit.signal })
  })
}

/** Makes an object whose name stands for its content, unless it is there. Throws NotOurs. */
export async function ensureExists<T extends KubeObject>(visit: Visit, resource: Resource<T>, object: T): Promise<void> {
  await believing(visit, resource, object, async (existing) => {
    if (existing !== null) return
    await visit.world.kube.create(resource, object, { signal: visit.signal }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
  })
}

async function believing<T extends KubeObject>(
  visit: Visit,
  resource: Resource<T>,
  object: T,
  act: (existing: Stored<T> | null) => Promise<void>,
): Promise<void> {
  const { world, owner, signal } = visit
  const { ensured } = world.memory.of(owner.uid)
  const key = `${resource.plural}/${object.metadata.name}`
  const hash = contentHash(object)
  const seen = ensured.get(key)
  if (seen?.hash === hash && world.clock.monotonic() - seen.at < believedMs) return
  const existing = await world.kube.find(resource, place(visit, object.metadata.name), { signal })
  if (existing !== null && !isOwned(existing, owner)) {
    throw new NotOurs(`the ${resource.kind} ${object.metadata.name} exists and does not belong to this job; it is not touched`)
  }
  await act(existing)
  ensured.set(key, { hash, at: world.clock.monotonic() })
}
