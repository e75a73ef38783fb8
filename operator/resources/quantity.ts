/** How two amounts of bytes as Kubernetes writes them compare: negative where `a` is less. Null where one of them is not read. */
export function compareQuantities(a: string, b: string): number | null {
  const [first, second] = [bytesOf(a), bytesOf(b)]
  if (first === null || second === null) return null
  return first === second ? 0 : first < second ? -1 : 1
}

/** Whole amounts only: the API server writes no fractions of a byte, and gives what was asked as 1.5Gi back as 1536Mi. */
function bytesOf(text: string): bigint | null {
  const [, digits, unit = '', exponent] = /^(\d+)(?:([kMGTPE]i?|Ki)|e(\d{1,2}))?$/.exec(text) ?? []
  if (digits === undefined) return null
  if (exponent !== undefined) return BigInt(digits) * 10n ** BigInt(exponent)
  const power = BigInt(' kMGTPE'.indexOf(unit.charAt(0).replace('K', 'k') || ' '))
  return BigInt(digits) * (unit.endsWith('i') ? 1_024n : 1_000n) ** power
}
