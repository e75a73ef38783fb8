/**
 * Waits for work that ends by itself behind the signal, but only as long as `grace` then takes. True: the work has ended; its error is thrown. False: it goes
 * on with nobody listening, until what it works with is closed. `ended` tells the grace that nobody waits for it any more.
 */
export async function cutOff(work: Promise<void>, signal: AbortSignal, grace: (ended: AbortSignal) => Promise<void>): Promise<boolean> {
  const ended = new AbortController()
  const completed = work.then(() => true)
  completed.catch(() => undefined)
  try {
    return await Promise.race([completed, afterwards(signal, ended.signal, grace)])
  } finally {
    ended.abort()
  }
}

async function afterwards(signal: AbortSignal, ended: AbortSignal, grace: (ended: AbortSignal) => Promise<void>): Promise<boolean> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true, signal: ended }))
  }
  await grace(ended)
  return false
}
