import type { StretchEnd } from './chain.ts'

/**
 * A transform that keeps state, and that the watermark goes through: a window, a session, a process function. What it has half done when the slice is full
 * can be told from its rows and the snapshot alone.
 */
export interface Stateful extends StretchEnd {
  readonly uid: string
  /** What its rows hold, in words that change when a row must be read in another way. */
  readonly meaning: string
  /** The same of parts of it whose rows stand for themselves, by name. */
  readonly parts?: Readonly<Record<string, string>>
  /** Of the input: records are judged by it. */
  readonly watermark: number
  /** What is promised downstream: no result with timestamp <= it will follow. */
  readonly forwarded: number
  /** What is promised downstream once everything that is due is done. */
  readonly forwards: number
  /** By how much it holds the watermark back, ms. */
  readonly latenessMs: number
  /** The watermark by which everything that waits for one is done; -Infinity: nothing does. */
  readonly lastDue: number
  /** Brings the watermark of the input here, and does what is due. False: the slice was full before that was done; call again with the same watermark. */
  advance(watermark: number): boolean
  /** The watermark at which there is something to do next; Infinity: nothing waits for one. */
  readonly due: number
  /** Whether there is something to do at this watermark. */
  isDue(watermark: number): boolean
  /**
   * Goes to where a snapshot was taken, with what was forwarded then, and was going to be. The rows are in the table already, or will be before `locate` is
   * called.
   */
  restore(watermark: number, forwarded: number, closing: number): void
  /** Looks into its tables for what is due first. */
  locate(): void
  /** The input ends (true), or everything that its end brings about is done (false). */
  ending?(is: boolean): void
}
