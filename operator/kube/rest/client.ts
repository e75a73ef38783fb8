import { type Clock, deadline, sleep } from '../../clock.ts'
import { type CallOptions, fieldManager, type KubeClient, type KubeList, type Place, type Selection, type WatchSelection } from '../client.ts'
import type { Connection } from './connection.ts'
import { isExpired, isNotFound, KubeError } from '../errors.ts'
import { collectionPath, describe, objectPath, type Query, queryOf, selectors } from './paths.ts'
import { TokenBucket } from '../rate.ts'
import { apiVersionOf, type KubeObject, type Resource, type Stored } from '../resources.ts'
import { createTransport, type HttpCall, type Transport } from './transport.ts'
import { watchEvents } from './watch.ts'

export interface KubeClientOptions {
  readonly clock: Clock
  readonly userAgent?: string
  /** Sustained calls per second and how many may come at once; watches count once, when they start. Default 50 and 100. */
  readonly qps?: number
  readonly burst?: number
  readonly pageSize?: number
  readonly onCall?: (call: KubeCall) => void
}

/** A call that ended. */
export interface KubeCall {
  readonly verb: string
  readonly resource: string
  /** HTTP status; 0 is no answer. */
  readonly status: number
  /** From asking to the end, waiting for our own rate limit included. */
  readonly seconds: number
}

export function createKubeClient(connection: Connection, options: KubeClientOptions): KubeClient {
  const { clock } = options
  const transport = createTransport(connection, { userAgent: options.userAgent ?? fieldManager, clock })
  const bucket = new TokenBucket({ perSecond: options.qps ?? 50, burst: options.burst ?? 100, clock })
  const pageSize = options.pageSize ?? 500

  /** Waits for our own limit, and as long as the server asks before it looks at a request at all: nothing was done yet. */
  async function admitted<Answer>(send: () => Promise<Answer>, unthrottled: boolean, signal: AbortSignal): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      if (!unthrottled) await bucket.take(signal)
      try {
        return await send()
      } catch (error) {
        if (!(error instanceof KubeError) || error.status !== 429 || error.retryAfterMs === null || attempt === 5) throw error
        await sleep(clock, error.retryAfterMs, signal)
      }
    }
  }

  async function call<Answer>(request: HttpCall & { verb: string; resource: string }, call: CallOptions = {}): Promise<Answer> {
    const timeoutMs = call.timeoutMs ?? 30_000
    const outer = call.signal ?? never
    using limit = deadline(
      clock,
      timeoutMs,
      outer,
      () => new KubeError(request.name, { status: 0, reason: 'Timeout', message: `Not done within ${timeoutMs} ms` }),
    )
    const started = clock.monotonic()
    let status = 200
    try {
      return (await admitted(() => transport.json(request, Infinity, limit.signal), call.unthrottled ?? false, limit.signal)) as Answer
    } catch (error) {
      status = error instanceof KubeError ? error.status : 0
      throw error
    } finally {
      options.onCall?.({ verb: request.verb, resource: request.resource, status, seconds: (clock.monotonic() - started) / 1_000 })
    }
  }

  const write = <T extends KubeObject>(
    verb: string,
    method: HttpCall['method'],
    resource: Resource<T>,
    at: Place,
    body: unknown,
    rest: { query?: Query; contentType?: string; subresource?: string; collection?: boolean },
    callOptions?: CallOptions,
  ): Promise<Stored<T>> =>
    call<Stored<T>>(
      {
        verb,
        resource: resource.plural,
        name: `${verb} ${resource.plural}${rest.subresource === undefined ? '' : `/${rest.subresource}`} ${describe(at)}`,
        method,
        path:
          (rest.collection === true ? collectionPath(resource, at.namespace) : objectPath(resource, at, rest.subresource)) +
          queryOf(rest.query ?? {}),
        body,
        ...(rest.contentType === undefined ? {} : { contentType: rest.contentType }),
      },
      callOptions,
    )

  async function listOnce<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection,
    limit: number | null,
    callOptions?: CallOptions,
  ): Promise<KubeList<T>> {
    const items: Stored<T>[] = []
    for (let next: string | undefined; ;) {
      const page = await call<RawList<T>>(
        {
          verb: 'list',
          resource: resource.plural,
          name: `list ${resource.plural}${selection.namespace === undefined ? '' : ` in ${selection.namespace}`}`,
          method: 'GET',
          path: collectionPath(resource, selection.namespace) + queryOf({ ...selectors(selection), limit: limit ?? undefined, continue: next }),
        },
        callOptions,
      )
      for (const item of page.items ?? []) items.push({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...item })
      next = page.metadata.continue
      if (next === undefined || next === '') return { items, resourceVersion: page.metadata.resourceVersion }
    }
  }

  const client: KubeClient = {
    get: (resource, at, callOptions) =>
      call(
        { verb: 'get', resource: resource.plural, name: `get ${resource.plural} ${describe(at)}`, method: 'GET', path: objectPath(resource, at) },
        callOptions,
      ),
    async find(resource, at, callOptions) {
      try {
        return await client.get(resource, at, callOptions)
      } catch (error) {
        if (isNotFound(error)) return null
        throw error
      }
    },
    async list(resource, selection = {}, callOptions) {
      try {
        return await listOnce(resource, selection, pageSize, callOptions)
      } catch (error) {
        // A page token can expire while a large list is read; one answer for all has no token.
        if (isExpired(error)) return await listOnce(resource, selection, null, callOptions)
        throw error
      }
    },
    async *watch<T extends KubeObject>(resource: Resource<T>, selection: WatchSelection, callOptions: CallOptions = {}) {
      const signal = callOptions.signal ?? never
      const query = {
        ...selectors(selection),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: selection.resourceVersion,
        timeoutSeconds: selection.serverTimeoutSeconds,
      }
      const request: HttpCall = {
        name: `watch ${resource.plural}${selection.namespace === undefined ? '' : ` in ${selection.namespace}`}`,
        method: 'GET',
        path: collectionPath(resource, selection.namespace) + queryOf(query),
      }
      const open: Transport['open'] = (request, signal) => admitted(() => transport.open(request, signal), false, signal)
      yield* watchEvents<T>({ open }, request, { idleMs: callOptions.timeoutMs ?? 100_000, clock }, signal)
    },
    create: (resource, object, callOptions) =>
      write('create', 'POST', resource, object.metadata, named(resource, object), { collection: true, query: { fieldManager } }, callOptions),
    update: (resource, object, callOptions) =>
      write('update', 'PUT', resource, object.metadata, named(resource, versioned(object)), { query: { fieldManager } }, callOptions),
    updateStatus: (resource, object, callOptions) =>
      write(
        'update',
        'PUT',
        resource,
        object.metadata,
        named(resource, versioned(object)),
        { query: { fieldManager }, subresource: 'status' },
        callOptions,
      ),
    apply: (resource, object, callOptions = {}) =>
      write(
        'apply',
        'PATCH',
        resource,
        object.metadata,
        named(resource, object),
        {
          query: { fieldManager, force: callOptions.force === true ? 'true' : 'false', dryRun: callOptions.dryRun === true ? 'All' : undefined },
          contentType: applyPatch,
        },
        callOptions,
      ),
    applyStatus: (resource, object, callOptions) =>
      write(
        'apply',
        'PATCH',
        resource,
        object.metadata,
        named(resource, versioned(object)),
        { query: { fieldManager, force: 'false' }, contentType: applyPatch, subresource: 'status' },
        callOptions,
      ),
    patch: (resource, at, patch, callOptions) =>
      write(
        'patch',
        'PATCH',
        resource,
        at,
        patch.body,
        {
          query: { fieldManager },
          contentType: patch.kind === 'json' ? 'application/json-patch+json' : 'application/merge-patch+json',
          ...(patch.subresource === undefined ? {} : { subresource: patch.subresource }),
        },
        callOptions,
      ),
    async delete(resource, at, callOptions = {}) {
      const { uid, resourceVersion, propagation, gracePeriodSeconds } = callOptions
      const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion }
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy: propagation ?? 'Background', gracePeriodSeconds }
      try {
        await write('delete', 'DELETE', resource, at, body, {}, callOptions)
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    },
    close: () => transport.close(),
  }
  return client
}

/** Server-side apply in JSON, which is YAML too. */
const applyPatch = 'application/apply-patch+yaml'
const never = new AbortController().signal

interface RawList<T extends KubeObject> {
  readonly items: readonly Stored<T>[] | null
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
}

const named = (resource: Resource<KubeObject>, object: KubeObject): KubeObject => ({
  ...object,
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
})

function versioned(object: KubeObject): KubeObject {
  if ((object.metadata.resourceVersion ?? '') === '')
    throw new TypeError(`An update of ${object.metadata.name} needs the resourceVersion that was read`)
  return object
}
