/** An order as it is sent. */
export interface Order {
  readonly key: string
  readonly value: string
}

/**
 * Orders of eight customers, always the same for a seed but for their times: up to 0.9 s out of order, one in 200 later than any window waits, one in
 * 500 cut off, and one in 20 a gift, which the job's filter leaves out.
 * @param now Epoch ms.
 */
export function* orders(seed: number, now: () => number): Generator<Order, never> {
  const random = mulberry32(seed)
  for (let id = 1; ; id++) {
    const customer = customers[Math.floor(random() * customers.length)] ?? ''
    const amount = random() < 0.05 ? 0 : 1 + Math.floor(random() * 100)
    const [delay, odd] = [Math.floor(random() * 900), random()]
    const at = now() - (odd < 0.005 ? 15_000 : delay)
    const value = JSON.stringify({ id, customer, amount, at })
    yield { key: customer, value: odd > 0.998 ? value.slice(0, -5) : value }
  }
}

const customers = ['ada', 'barbara', 'edsger', 'frances', 'grace', 'ken', 'leslie', 'margaret']

function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
