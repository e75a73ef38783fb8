import type { Terminal } from '../../operator/cli/terminal.ts'

/** A terminal that remembers what was written to it. */
export interface TestTerminal extends Terminal {
  readonly written: { out: string; err: string }
}

export function testTerminal(
  options: { readonly env?: Readonly<Record<string, string>>; readonly screen?: { columns: number; rows: number } } = {},
): TestTerminal {
  const written = { out: '', err: '' }
  return {
    written,
    env: options.env ?? {},
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    screen: () => options.screen ?? null,
    signal: new AbortController().signal,
  }
}
