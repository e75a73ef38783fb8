/** What a copy is a copy of: state of another line of history, or as another program keeps it, is worth nothing. */
import type { JobRecord } from '../../protocol.ts'

export interface History {
  readonly lineage: number
  /** Topic id of the changelog. */
  readonly changelogId: string
  /** Of the program. */
  readonly codeHash: string
}

/** Whether a copy of the one may be used for the other. Nothing else looks at it. */
export function sameHistory(a: History, b: History): boolean {
  return a.lineage === b.lineage && a.changelogId === b.changelogId && a.codeHash === b.codeHash
}

/** Of the tasks of a stage under a job record. */
export function historyOf({ lineage, codeHash, stages }: JobRecord, stage: string): History {
  return { lineage, codeHash, changelogId: stages.find(({ name }) => name === stage)?.changelogId ?? '' }
}
