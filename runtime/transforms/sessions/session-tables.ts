import type { SessionNode } from '../../plan/nodes.ts'
import type { StateStore, StateTable } from '../../state/store.ts'
import { timerLayout } from '../../time/timers.ts'

/** What sessions keep beside what they hold. */
export interface SessionTables {
  /** The directory. */
  readonly sessions: StateTable
  /** When sessions are closed. */
  readonly timers: StateTable
  /** When they fire on time; null: they do not. */
  readonly onTime: StateTable | null
  /** A row for each chunk of a key with pieces that have changed since they fired; null: there are no early results. */
  readonly changed: StateTable | null
}

/** Opens them. */
export function sessionTables({ uid, emit }: SessionNode, store: StateStore): SessionTables {
  return {
    sessions: store.table(`${uid}/sessions`, { kind: 'blob' }),
    timers: store.table(`${uid}/timers`, timerLayout),
    onTime: emit?.then === 'updates' ? store.table(`${uid}/on-time`, timerLayout) : null,
    changed: emit === undefined || emit.earlyMs === null ? null : store.table(`${uid}/changed`, { kind: 'cells', cells: 0 }),
  }
}
