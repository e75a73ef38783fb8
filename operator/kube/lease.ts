import type { Clock } from '../clock.ts'
import type { KubeClient } from './client.ts'
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts'
import { type Lease, leases, type Stored } from './resources.ts'

/**
 * One candidate's view of a Lease. A lease counts as expired when this process has seen it unchanged for its whole duration on its own
 * monotonic clock: the times inside are another machine's, and only for people.
 */
export class LeaseLock {
  readonly #options: LeaseLockOptions
  #seen: { readonly lease: Stored<Lease>; readonly at: number } | null = null

  constructor(options: LeaseLockOptions) {
    this.#options = options
  }

  /** Who held the lease when it was last looked at; empty when nobody. */
  get holder(): string {
    return this.#seen?.lease.spec?.holderIdentity ?? ''
  }

  /** Takes the lease if it is free, expired or already ours. */
  async take(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, clock } = this.#options
    const lease = await client.find(leases, { namespace, name }, { signal, timeoutMs: this.#options.timeoutMs, unthrottled: true })
    if (lease === null) return await this.#write(null, this.#spec(0), signal)
    this.#observe(lease)
    const heldMs = clock.monotonic() - (this.#seen?.at ?? 0)
    const free = this.holder === '' || this.holder === this.#options.identity || heldMs >= (lease.spec?.leaseDurationSeconds ?? 0) * 1_000
    if (!free) return false
    return await this.#write(lease, this.#spec((lease.spec?.leaseTransitions ?? 0) + 1), signal)
  }

  /** Keeps the lease. False when somebody else holds it. */
  async renew(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, timeoutMs } = this.#options
    // From what was last written: no read is needed while nobody interferes.
    if (
      this.#seen !== null &&
      this.holder === this.#options.identity &&
      (await this.#write(this.#seen.lease, this.#renewed(this.#seen.lease), signal))
    )
      return true
    const lease = await client.find(leases, { namespace, name }, { signal, timeoutMs, unthrottled: true })
    if (lease === null) return await this.#write(null, this.#spec(0), signal)
    this.#observe(lease)
    return this.holder === this.#options.identity && (await this.#write(lease, this.#renewed(lease), signal))
  }

  /** Gives the lease up, so that the next candidate need not wait; nothing happens if somebody else has it. */
  async release(signal: AbortSignal): Promise<void> {
    const { client, namespace, name, timeoutMs } = this.#options
    // A renewal that was cut off may still arrive between reading and writing, so once is not enough.
    for (let attempt = 0; attempt < 3; attempt++) {
      const lease = await client.find(leases, { namespace, name }, { signal, timeoutMs, unthrottled: true })
      if (lease === null || lease.spec?.holderIdentity !== this.#options.identity) return
      if (await this.#write(lease, { ...this.#renewed(lease), holderIdentity: '', leaseDurationSeconds: 1 }, signal)) return
    }
  }

  /** False when another write came first. */
  async #write(current: Stored<Lease> | null, spec: NonNullable<Lease['spec']>, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, timeoutMs } = this.#options
    const options = { signal, timeoutMs, unthrottled: true }
    try {
      const written =
        current === null
          ? await client.create(leases, { metadata: { namespace, name }, spec }, options)
          : await client.update(leases, { ...current, spec }, options)
      this.#observe(written)
      return true
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) return false
      throw error
    }
  }

  #observe(lease: Stored<Lease>): void {
    if (this.#seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return
    this.#seen = { lease, at: this.#options.clock.monotonic() }
  }

  #spec(transitions: number): NonNullable<Lease['spec']> {
    const now = microTime(this.#options.clock)
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#options.durationMs / 1_000),
      leaseTransitions: transitions,
      acquireTime: now,
      renewTime: now,
    }
  }

  #renewed(lease: Stored<Lease>): NonNullable<Lease['spec']> {
    return {
      ...this.#spec(lease.spec?.leaseTransitions ?? 0),
      ...(lease.spec?.acquireTime === undefined ? {} : { acquireTime: lease.spec.acquireTime }),
    }
  }
}

export interface LeaseLockOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** Unique among candidates that may live at the same time. */
  readonly identity: string
  readonly durationMs: number
  /** Of one call. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** A v1.MicroTime: six digits behind the second. */
export const microTime = (clock: Clock): string => new Date(clock.now()).toISOString().replace('Z', '000Z')
