/** Aggregates over the records of a window, as data: what a plan holds, what explain says, which fields they read. */

/** One aggregate. Null and absent values are skipped by all but count. */
export type Aggregate = NumberAggregate | SummaryAggregate

/** Kept in a few numbers. */
export type NumberAggregate =
  | { readonly kind: 'count' }
  | { readonly kind: 'sum' | 'min' | 'max' | 'avg'; readonly field: string }
  | { readonly kind: 'variance' | 'stddev'; readonly field: string; readonly of: 'sample' | 'population' }

/** Kept in bytes, as many as it takes. */
export type SummaryAggregate =
  /** The value of the record with the least or the greatest event time; of several the one that came first, or last. */
  | { readonly kind: 'first' | 'last'; readonly field: string }
  /** All values, as they arrived; a record beyond the limit fails. */
  | { readonly kind: 'collect'; readonly field: string; readonly limit: number }
  /** The n records with the greatest `by`, or a field of them; of equals the earlier in event time, then in arrival. */
  | { readonly kind: 'topN'; readonly by: string; readonly n: number; readonly field: string | null }
  | { readonly kind: 'quantiles'; readonly field: string; readonly at: readonly number[] }
  | { readonly kind: 'approxDistinct'; readonly field: string }

/** Bounds of what an author may ask for: rows of state are sent as one Kafka record each. */
export const mostCollected = 100_000
export const mostTop = 1_000
export const mostQuantiles = 100

/** How far off a quantile may be, relative to the value. */
export const quantileError = 0.01

/** Whether it is kept in a few numbers. */
export function isNumberAggregate(aggregate: Aggregate): aggregate is NumberAggregate {
  switch (aggregate.kind) {
    case 'count':
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'variance':
    case 'stddev':
      return true
    case 'first':
    case 'last':
    case 'collect':
    case 'topN':
    case 'quantiles':
    case 'approxDistinct':
      return false
  }
}

/** Fields that must hold numbers, and fields that may hold anything. */
export function fieldsOf(aggregate: Aggregate): { readonly numbers: readonly string[]; readonly others: readonly string[] } {
  switch (aggregate.kind) {
    case 'count':
      return { numbers: [], others: [] }
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'variance':
    case 'stddev':
    case 'quantiles':
      return { numbers: [aggregate.field], others: [] }
    case 'first':
    case 'last':
    case 'collect':
    case 'approxDistinct':
      return { numbers: [], others: [aggregate.field] }
    case 'topN':
      return { numbers: [aggregate.by], others: aggregate.field === null ? [] : [aggregate.field] }
  }
}

/** What state of it means, in words: the same for two aggregates only where the state of one can be read as that of the other. */
export function describeState(aggregate: Aggregate): string {
  if (aggregate.kind === 'quantiles' || aggregate.kind === 'collect') return `${aggregate.kind}(${aggregate.field})`
  return describeAggregate(aggregate)
}

/** In words. */
export function describeAggregate(aggregate: Aggregate): string {
  switch (aggregate.kind) {
    case 'count':
      return 'count'
    case 'variance':
    case 'stddev':
      return `${aggregate.kind}(${aggregate.field}, ${aggregate.of})`
    case 'collect':
      return `collect(${aggregate.field}, at most ${aggregate.limit})`
    case 'topN':
      return `topN(${aggregate.n} by ${aggregate.by}${aggregate.field === null ? '' : `: ${aggregate.field}`})`
    case 'quantiles':
      return `quantiles(${aggregate.field} at ${aggregate.at.join(' ')})`
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'first':
    case 'last':
    case 'approxDistinct':
      return `${aggregate.kind}(${aggregate.field})`
  }
}
