import { type Key, keyOf, type KubeObject, type Stored } from './resources.ts'

/** The local copy of a resource, as last seen; reads may be behind the server. Objects in it are shared: never change them. */
export interface Cache<T extends KubeObject> {
  readonly size: number
  get(key: Key): Stored<T> | undefined
  list(namespace?: string): readonly Stored<T>[]
  keys(): readonly Key[]
  /** Objects with an owner reference to this uid. */
  ownedBy(uid: string): readonly Stored<T>[]
  /** Objects that an index lists under `value`. */
  by(index: string, value: string): readonly Stored<T>[]
}

/** Under which values an object is found in an index. */
export type Index<T extends KubeObject> = (object: Stored<T>) => readonly string[]

/** An index by a label, `NAMESPACE/VALUE`. */
export const labelIndex =
  (label: string): Index<KubeObject> =>
  ({ metadata }) => {
    const value = metadata.labels?.[label]
    return value === undefined ? [] : [`${metadata.namespace ?? ''}/${value}`]
  }

/** The cache with its writing side, for the informer that fills it. */
export class ObjectCache<T extends KubeObject> implements Cache<T> {
  readonly #objects = new Map<Key, Stored<T>>()
  readonly #indexes: ReadonlyMap<string, { readonly of: Index<T>; readonly keys: Map<string, Set<Key>> }>

  constructor(indexes: Readonly<Record<string, Index<T>>>) {
    const owner: Index<T> = (object) => (object.metadata.ownerReferences ?? []).map((reference) => reference.uid)
    this.#indexes = new Map(Object.entries({ ...indexes, [ownerIndex]: owner }).map(([name, of]) => [name, { of, keys: new Map() }]))
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: Key): Stored<T> | undefined {
    return this.#objects.get(key)
  }

  list(namespace?: string): readonly Stored<T>[] {
    const all = [...this.#objects.values()]
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace)
  }

  keys(): readonly Key[] {
    return [...this.#objects.keys()]
  }

  ownedBy(uid: string): readonly Stored<T>[] {
    return this.by(ownerIndex, uid)
  }

  by(index: string, value: string): readonly Stored<T>[] {
    const entry = this.#indexes.get(index)
    if (entry === undefined) throw new TypeError(`There is no index '${index}'`)
    return [...(entry.keys.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? [])
  }

  /** Stores the object and returns the one that it replaces. */
  set(object: Stored<T>): Stored<T> | undefined {
    const key = keyOf(object)
    const previous = this.remove(key)
    this.#objects.set(key, object)
    for (const { of, keys } of this.#indexes.values()) {
      for (const value of of(object)) {
        const members = keys.get(value)
        if (members === undefined) keys.set(value, new Set([key]))
        else members.add(key)
      }
    }
    return previous
  }

  remove(key: Key): Stored<T> | undefined {
    const previous = this.#objects.get(key)
    if (previous === undefined) return undefined
    this.#objects.delete(key)
    for (const { of, keys } of this.#indexes.values()) {
      for (const value of of(previous)) {
        const members = keys.get(value)
        members?.delete(key)
        if (members?.size === 0) keys.delete(value)
      }
    }
    return previous
  }
}

const ownerIndex = 'owner'
