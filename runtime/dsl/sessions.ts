/** Session windows as a program writes them. */
import type { Aggregate, SessionNode, WindowProcessNode, WindowReduceNode } from '../plan/nodes.ts'
import { addNode, type Addition, type Draft } from './draft.ts'
import type { Site } from './site.ts'
import type { Duration } from './values.ts'

/** Records of a key that follow one another within a gap. Made by `session`. */
export interface Session {
  readonly kind: 'session'
  readonly gap: string
  readonly lateness: string | undefined
}

export interface SessionOptions {
  /** How long a session stays open for late records behind its end. @default '0s' */
  readonly lateness?: Duration
}

/** A window per key from its first record to `gap` behind its last; records that are at most the gap apart are in one. `session('10m')` */
export function session(gap: Duration, { lateness }: SessionOptions = {}): Session {
  return Object.freeze({ kind: 'session', gap, lateness })
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

function sessionNode(add: Addition, { gap, lateness }: Session, name: string, contents: SessionNode['contents']): SessionNode {
  const gapMs = add.duration('window.session', gap, fallbackGap)
  return { kind: 'session', uid: name, inputs: add.inputs, gapMs, latenessMs: add.duration('window.lateness', lateness, 0), contents }
}

/** Stands in for a gap that was reported as wrong. */
const fallbackGap = 60_000
