/** Session windows as a program writes them. */
import type { Aggregate, SessionNode, WindowProcessNode, WindowReduceNode } from '../plan/nodes.ts'
import type { Firing } from '../plan/nodes/windows.ts'
import { addNode, type Addition, type Draft } from './draft.ts'
import type { Site } from './site.ts'
import type { Duration } from './values.ts'
import { emissionSpec } from './window-spec.ts'
import type { Emit, FiringsOf, OptionsDraft, WindowOptions } from './windows.ts'

/** Records of a key that follow one another within a gap. Made by `session`. `F` are the firings that its results tell apart; never where there is one. */
export interface Session<F extends Firing = Firing> {
  readonly kind: 'session'
  readonly gap: string
  readonly lateness?: string | undefined
  readonly emit?: OptionsDraft['emit']
  /** Never there; carries the firings for inference. */
  readonly firings?: F
}

export interface SessionOptions<E extends Emit = Emit> extends Pick<WindowOptions<E>, 'lateness' | 'emit'> {}

/** A window per key from its first record to `gap` behind its last; records that are at most the gap apart are in one. `session('10m')` */
export function session<const E extends Emit = 'final'>(gap: Duration, { lateness, emit }: SessionOptions<E> = {}): Session<FiringsOf<E>> {
  return Object.freeze({ kind: 'session', gap, lateness, emit })
}

export function addSessionAggregate(draft: Draft, site: Site, window: Session, name: string, fields: Readonly<Record<string, Aggregate>>): Draft {
  return addNode(draft, site, (add) => sessionNode(add, window, name, { kind: 'aggregate', fields }))
}

export function addSessionReduce(draft: Draft, site: Site, window: Session, name: string, reducer: WindowReduceNode['reducer']): Draft {
  return addNode(draft, site, (add) => sessionNode(add, window, name, { kind: 'reduce', reducer }))
}

export function addSessionProcess(
  draft: Draft,
  site: Site,
  window: Session,
  name: string,
  called: Pick<WindowProcessNode, 'emits' | 'onWindow'>,
): Draft {
  return addNode(draft, site, (add) => sessionNode(add, window, name, { kind: 'process', ...called }))
}

function sessionNode(add: Addition, { gap, lateness, emit }: Session, name: string, contents: SessionNode['contents']): SessionNode {
  const gapMs = add.duration('window.session', gap, fallbackGap)
  const latenessMs = add.duration('window.lateness', lateness, 0)
  const emission = emissionSpec(add, emit)
  return { kind: 'session', uid: name, inputs: add.inputs, gapMs, latenessMs, ...(emission && { emit: emission }), contents }
}

/** Stands in for a gap that was reported as wrong. */
const fallbackGap = 60_000
