import type { Place, Selection } from '../client.ts'
import type { KubeObject, Resource } from '../resources.ts'

/** Query parameters; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | undefined>>

/** For messages. */
export const describe = (at: Place): string => (at.namespace === undefined ? at.name : `${at.namespace}/${at.name}`)

export const selectors = ({ labelSelector, fieldSelector }: Selection): Query => ({ labelSelector, fieldSelector })

/** Of all objects in a namespace, or in all of them. */
export function collectionPath(resource: Resource<KubeObject>, namespace: string | undefined): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const within = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${within}/${resource.plural}`
}

/** Of one object, or of its subresource. */
export function objectPath(resource: Resource<KubeObject>, at: Place, subresource?: string): string {
  // Without a name the same path would mean the whole collection.
  if (at.name === '' || (resource.namespaced && (at.namespace ?? '') === '')) {
    throw new TypeError(`A ${resource.kind} is addressed by namespace and name, got '${at.namespace ?? ''}' and '${at.name}'`)
  }
  return `${collectionPath(resource, at.namespace)}/${encodeURIComponent(at.name)}${subresource === undefined ? '' : `/${subresource}`}`
}

export function queryOf(query: Query): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string | number] => pair[1] !== undefined)
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)])).toString()}`
}
