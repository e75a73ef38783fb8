import type { KubeObject, Resource, Stored } from './resources.ts'

/** Who the API server sees as the owner of what we apply. */
export const fieldManager = 'streamjob-operator'

/** Calls to the API server. Objects go and come as raw JSON. Every call rejects with a KubeError, or with its signal's reason. */
export interface KubeClient {
  get<T extends KubeObject>(resource: Resource<T>, at: Place, options?: CallOptions): Promise<Stored<T>>
  /** As get, but null when there is none. */
  find<T extends KubeObject>(resource: Resource<T>, at: Place, options?: CallOptions): Promise<Stored<T> | null>
  /** All pages as one; items carry apiVersion and kind. */
  list<T extends KubeObject>(resource: Resource<T>, selection?: Selection, options?: CallOptions): Promise<KubeList<T>>
  /** Events after `resourceVersion`, with bookmarks, until the server ends the stream. */
  watch<T extends KubeObject>(resource: Resource<T>, selection: WatchSelection, options?: CallOptions): AsyncIterable<WatchEvent<T>>
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: CallOptions): Promise<Stored<T>>
  /** PUT of the whole object; it must carry the resourceVersion that was read, so that nobody's write is lost. */
  update<T extends KubeObject>(resource: Resource<T>, object: Versioned<T>, options?: CallOptions): Promise<Stored<T>>
  updateStatus<T extends KubeObject>(resource: Resource<T>, object: Versioned<T>, options?: CallOptions): Promise<Stored<T>>
  /** Server-side apply of the fields given, creating the object when there is none. `force` takes fields from other managers. */
  apply<T extends KubeObject>(resource: Resource<T>, object: Desired<T>, options?: ApplyOptions): Promise<Stored<T>>
  /** Server-side apply of `status`; needs the resourceVersion that was read, and never takes fields from others. */
  applyStatus<T extends KubeObject>(resource: Resource<T>, object: Versioned<Desired<T>>, options?: CallOptions): Promise<Stored<T>>
  patch<T extends KubeObject>(resource: Resource<T>, at: Place, patch: Patch, options?: CallOptions): Promise<Stored<T>>
  /** True when the deletion was accepted, false when there was nothing to delete. */
  delete<T extends KubeObject>(resource: Resource<T>, at: Place, options?: DeleteOptions): Promise<boolean>
  /** Ends kept connections; calls in flight fail. */
  close(): void
}

export interface Place {
  readonly namespace?: string
  readonly name: string
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Until the whole answer is there; default 30 s. Of a watch: how long it may be silent, default 100 s. */
  readonly timeoutMs?: number
  /** For the lease: doesn't wait behind other calls. */
  readonly unthrottled?: boolean
}

export interface ApplyOptions extends CallOptions {
  readonly force?: boolean
  /** Validates and answers, stores nothing. */
  readonly dryRun?: boolean
}

export interface DeleteOptions extends CallOptions {
  /** Delete only this incarnation, or this version; a Conflict otherwise. */
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan'
  readonly gracePeriodSeconds?: number
}

export interface Selection {
  /** All namespaces when left out. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface WatchSelection extends Selection {
  readonly resourceVersion: string
  /** How long the server keeps the stream open. */
  readonly serverTimeoutSeconds?: number
}

/** One line of a watch. A bookmark only says how far the stream has come. */
export type WatchEvent<T extends KubeObject> =
  { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: Stored<T> } | { readonly kind: 'bookmark'; readonly resourceVersion: string }

export interface KubeList<T extends KubeObject> {
  readonly items: readonly Stored<T>[]
  /** Where a watch goes on. */
  readonly resourceVersion: string
}

export type Patch =
  | { readonly kind: 'merge'; readonly body: unknown; readonly subresource?: string }
  | { readonly kind: 'json'; readonly body: readonly unknown[]; readonly subresource?: string }

/** The fields of an object that we want to own, and its name. */
export type Desired<T extends KubeObject> = KubeObject & {
  readonly [Field in Exclude<keyof T, keyof KubeObject>]?: T[Field] extends object | undefined ? Partial<NonNullable<T[Field]>> : T[Field]
}
export type Versioned<T extends KubeObject> = T & { readonly metadata: { readonly resourceVersion: string } }
