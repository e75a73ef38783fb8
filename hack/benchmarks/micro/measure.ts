/** Measures a piece of hot path: CPU time of this thread per operation, the best and the median of several rounds. */

/** Runs `round`, which does `operations` of them, until its code is compiled, then several times; prints ns per operation. */
export function measure(name: string, operations: number, round: () => void, rounds = 9): void {
  for (let i = 0; i < 4; i++) round()
  const times = Array.from({ length: rounds }, () => {
    const before = process.threadCpuUsage()
    round()
    const { user, system } = process.threadCpuUsage(before)
    return ((user + system) * 1000) / operations
  }).sort((a, b) => a - b)
  const [best, median] = [times[0] ?? 0, times[times.length >> 1] ?? 0]
  console.log(`${name.padEnd(64)} ${best.toFixed(0).padStart(6)} ns best ${median.toFixed(0).padStart(6)} ns median`)
}
