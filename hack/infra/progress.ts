/** Does the work and prints one line with its seconds; work of more than two seconds is announced first. Goes to stderr: stdout is for results. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  const announce = setTimeout(() => say(`      … ${title}`), announceAfterMs)
  try {
    const result = await work()
    say(`${seconds(started)} ${title}`)
    return result
  } catch (error) {
    say(`${seconds(started)} FAILED: ${title}`)
    throw error
  } finally {
    clearTimeout(announce)
  }
}

/** A line for the user. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`)

const announceAfterMs = 2_000

const seconds = (started: number): string => `${((performance.now() - started) / 1000).toFixed(1).padStart(6)}s`
