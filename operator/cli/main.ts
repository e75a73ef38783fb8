#!/usr/bin/env node
/** The `streamjob` command. The only file of it that reads the environment, handles signals and exits. */
import { runCommand } from './command.ts'

const stop = new AbortController()
// Once: a second Ctrl-C ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
// A reader that goes away, such as `head`, is no failure.
process.stdout.on('error', () => stop.abort())

const code = await runCommand(process.argv.slice(2), {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  screen: () => (process.stdout.isTTY ? { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 } : null),
  signal: stop.signal,
})
// Pipes are written to behind our back: what is in them must leave before the process ends.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))))
process.exit(code)
