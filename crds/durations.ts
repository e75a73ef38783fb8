/** Durations as users write them, everywhere in the resources and in programs: `500ms`, `10s`, `1m`, `6h`, `7d`. */

/** Milliseconds of a duration; throws with a readable message on anything else. */
export function parseDuration(text: string): number {
  const match = durationRegExp.exec(text)
  const unit = match?.[2] as Unit | undefined
  if (!match || unit === undefined) {
    throw new RangeError(`${JSON.stringify(text)} is not a duration: ${durationHint}`)
  }
  return Number(match[1]) * milliseconds[unit]
}

/** The shortest exact way to write a whole number of milliseconds: 90_000 is `90s`, 60_000 is `1m`. */
export function formatDuration(duration: number): string {
  const units: readonly Unit[] = ['d', 'h', 'm', 's']
  const unit = duration === 0 ? 's' : (units.find((candidate) => duration % milliseconds[candidate] === 0) ?? 'ms')
  return `${duration / milliseconds[unit]}${unit}`
}

/** Whether `parseDuration` accepts it. */
export function isDuration(text: string): boolean {
  return durationRegExp.test(text)
}

/** One whole number and one unit; eight digits of any unit stay exact in a double. Valid in JavaScript and in RE2. */
export const durationPattern = '^(0|[1-9][0-9]{0,7})(ms|s|m|h|d)$'

/** What a message about a wrong duration says. */
export const durationHint = 'write a whole number and a unit, such as 500ms, 10s, 1m, 6h or 7d'

type Unit = 'ms' | 's' | 'm' | 'h' | 'd'

const milliseconds: Readonly<Record<Unit, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const durationRegExp = new RegExp(durationPattern)
