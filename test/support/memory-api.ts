/** As much of an API server as one operator writes to and reads from, in memory: no watch, no validation, no controllers. */
import { randomUUID } from 'node:crypto'
import type { KubeClient, Place } from '../../operator/kube/client.ts'
import { KubeError } from '../../operator/kube/errors.ts'
import type { KubeObject, Resource, Stored } from '../../operator/kube/resources.ts'
import { apiVersionOf } from '../../operator/kube/resources.ts'

export interface MemoryApi {
  readonly kube: KubeClient
  /** What changed something, as `create configmaps NAME`; of a deletion also what it means for dependents, where that was said. */
  readonly writes: string[]
  /** Called before every call. */
  hook: (verb: string, plural: string, name: string) => void | Promise<void>
}

type Json = Record<string, unknown>

export function createMemoryApi(): MemoryApi {
  const objects = new Map<string, Stored<KubeObject> & { spec?: unknown; status?: unknown }>()
  let version = 1
  const keyOf = (resource: Resource<KubeObject>, { namespace = '', name }: Place): string => `${resource.plural}/${namespace}/${name}`
  const missing = (name: string): KubeError => new KubeError('memory', { status: 404, reason: 'NotFound', message: `${name} is not there` })

  function find(resource: Resource<KubeObject>, at: Place) {
    return objects.get(keyOf(resource, at)) ?? null
  }

  function store(resource: Resource<KubeObject>, object: KubeObject & Json, before: Stored<KubeObject> | null): Stored<KubeObject> {
    const { uid = randomUUID(), creationTimestamp = new Date(1_800_000_000_000 + version).toISOString() } = before?.metadata ?? {}
    const changed = JSON.stringify((before as Json | null)?.['spec']) !== JSON.stringify(object['spec'])
    const generation = (before?.metadata.generation ?? 0) + (changed ? 1 : 0)
    const metadata = { ...object.metadata, uid, creationTimestamp, generation, resourceVersion: String(version++) }
    const stored = { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata }
    const gone = metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0
    if (gone) objects.delete(keyOf(resource, metadata))
    else objects.set(keyOf(resource, metadata), structuredClone(stored))
    return structuredClone(stored)
  }

  /** What StatefulSets make claims from is the one thing of them that can't be changed here, as there. */
  function refuseOtherClaims(resource: Resource<KubeObject>, before: Json | null, after: Json): void {
    if (resource.plural !== 'statefulsets' || before === null) return
    const templates = ({ spec }: Json): string => JSON.stringify((spec as Json | undefined)?.['volumeClaimTemplates'] ?? null)
    if (templates(before) !== templates(after)) throw new KubeError('write', { status: 422, reason: 'Invalid', message: 'volumeClaimTemplates' })
  }

  async function write(verb: string, resource: Resource<KubeObject>, at: Place, body: KubeObject & Json, make: (before: Json | null) => Json) {
    await api.hook(verb, resource.plural, at.name)
    const before = find(resource, at)
    if (verb === 'create' && before !== null) throw new KubeError(verb, { status: 409, reason: 'AlreadyExists', message: at.name })
    if (before === null && verb !== 'create' && verb !== 'apply') throw missing(at.name)
    for (const field of ['uid', 'resourceVersion'] as const) {
      const asked = body.metadata?.[field]
      if (before !== null && asked !== undefined && asked !== before.metadata[field]) {
        throw new KubeError(verb, { status: 409, reason: 'Conflict', message: `${at.name} has another ${field}` })
      }
    }
    const after = make(before as Json | null)
    refuseOtherClaims(resource, before as Json | null, after)
    api.writes.push(`${verb} ${resource.plural} ${at.name}`)
    // What is made of an object and a change of it is an object.
    return store(resource, after as never, before) as never
  }

  const kube: KubeClient = {
    async get(resource, at) {
      await api.hook('get', resource.plural, at.name)
      const object = find(resource, at)
      if (object === null) throw missing(at.name)
      return structuredClone(object) as never
    },
    async find(resource, at) {
      await api.hook('get', resource.plural, at.name)
      return structuredClone(find(resource, at)) as never
    },
    async list(resource, { namespace, labelSelector } = {}) {
      await api.hook('list', resource.plural, '')
      const wanted = (labelSelector ?? '').split(',').filter((pair) => pair !== '')
      const items = [...objects]
        .filter(([key]) => key.startsWith(`${resource.plural}/${namespace ?? ''}`))
        .map(([, object]) => structuredClone(object))
        .filter(({ metadata }) => wanted.every((pair) => metadata.labels?.[pair.split('=')[0] ?? ''] === pair.split('=')[1]))
      return { items: items as never, resourceVersion: String(version) }
    },
    watch() {
      throw new Error('there is nothing to watch in memory')
    },
    create: (resource, object) => write('create', resource, object.metadata, object as never, () => object as never),
    update: (resource, object) => write('update', resource, object.metadata, object as never, () => object as never),
    updateStatus: (resource, object) =>
      write('updateStatus', resource, object.metadata, object as never, (before) => ({ ...before, status: (object as never as Json)['status'] })),
    apply: (resource, object, { dryRun } = {}) =>
      dryRun === true
        ? Promise.resolve(api.hook('dry-run', resource.plural, object.metadata.name)).then(() => object as never)
        : write('apply', resource, object.metadata, object as never, (before) => merge({ ...before }, object as never)),
    applyStatus() {
      throw new Error('nobody applies a status')
    },
    patch: (resource, at, { body }) => write('patch', resource, at, body as never, (before) => merge({ ...before }, body as Json)),
    async delete(resource, at, { uid, resourceVersion, gracePeriodSeconds, propagation } = {}) {
      await api.hook('delete', resource.plural, at.name)
      const before = find(resource, at)
      if (before === null) return false
      const stale =
        (uid ?? before.metadata.uid) !== before.metadata.uid ||
        (resourceVersion ?? before.metadata.resourceVersion) !== before.metadata.resourceVersion
      if (stale) throw new KubeError('delete', { status: 409, reason: 'Conflict', message: at.name })
      api.writes.push(`delete ${resource.plural} ${at.name}${propagation === undefined ? '' : ` ${propagation}`}`)
      // A pod with a finalizer stands for one whose node has to confirm.
      if (gracePeriodSeconds === 0) objects.delete(keyOf(resource, at))
      else store(resource, { ...before, metadata: { ...before.metadata, deletionTimestamp: before.metadata.creationTimestamp } } as never, before)
      return true
    },
    close() {},
  }
  const api: MemoryApi = { kube, writes: [], hook: () => {} }
  return api
}

/** A JSON merge patch; of lists the new one counts. */
function merge(base: Json, patch: Json): Json {
  for (const [name, value] of Object.entries(patch)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (value === null) delete base[name]
    else base[name] = isObject ? merge({ ...(base[name] as Json | undefined) }, value as Json) : value
  }
  return base
}
