/** What a verb may use of the process that it runs in. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Results. */
  out(text: string): void
  /** Everything else: what is going on, and what went wrong. */
  err(text: string): void
  /** The size of the screen that results go to; null when they go elsewhere. */
  screen(): { readonly columns: number; readonly rows: number } | null
  /** Fires at Ctrl-C. */
  readonly signal: AbortSignal
}
