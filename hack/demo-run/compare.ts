import type { Recount } from './recount.ts'

/** A result as it lies in the output topic. */
export interface ResultRecord {
  readonly key: string | null
  readonly value: string | null
}

/** A late record or a dead letter, which names the record it was made of. */
export interface SideRecord {
  readonly headers: Readonly<Record<string, string>>
}

/** What is wrong, a line each; empty when what came out is exactly what must have. */
export function differences(
  expected: Recount,
  found: { readonly results: readonly ResultRecord[]; readonly late: readonly SideRecord[]; readonly dead: readonly SideRecord[] },
): readonly string[] {
  return [
    ...compare(
      'result',
      [...expected.results].map(([name, sums]) => `${name}: ${sums}`),
      found.results.map(printResult),
    ),
    ...compare('late order', expected.late, found.late.map(placeOf)),
    ...compare('dead letter', expected.dead, found.dead.map(placeOf)),
  ]
}

/** As bags: one that is there twice must be wanted twice. */
function compare(what: string, wanted: readonly string[], found: readonly string[]): readonly string[] {
  const left = new Map<string, number>()
  for (const name of wanted) left.set(name, (left.get(name) ?? 0) + 1)
  for (const name of found) left.set(name, (left.get(name) ?? 0) - 1)
  return [...left].filter(([, count]) => count !== 0).map(([name, count]) => `${count > 0 ? 'missing' : 'too much'}: ${what} ${name}`)
}

function printResult({ key, value }: ResultRecord): string {
  const row = JSON.parse(value ?? '{}') as Record<string, unknown>
  const sums = `${String(row['orders'])} for ${String(row['total'])}`
  return key === row['key'] ? `${key} ${String(row['windowStart'])}: ${sums}` : `${key} in the record key, in the value ${value}`
}

const placeOf = ({ headers }: SideRecord): string => `${headers['streamjob.partition']}:${headers['streamjob.offset']}`
