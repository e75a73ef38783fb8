import type { SummaryAggregate } from '../../plan/nodes/aggregates.ts'
import { collect } from './collect.ts'
import { approxDistinct } from './distinct-sketch.ts'
import { firstLast } from './first-last.ts'
import { quantiles } from './quantile-sketch.ts'
import type { SummaryKind } from './summary.ts'
import { topN } from './top-n.ts'

/** What keeps an aggregate that numbers can't; `name` is what messages begin with. */
export function summaryOf(aggregate: SummaryAggregate, name: string): SummaryKind {
  switch (aggregate.kind) {
    case 'first':
    case 'last':
      return firstLast(aggregate.kind, aggregate.field, name)
    case 'collect':
      return collect(aggregate.field, aggregate.limit, name)
    case 'topN':
      return topN({ by: aggregate.by, n: aggregate.n, field: aggregate.field, name })
    case 'quantiles':
      return quantiles(aggregate.field, aggregate.at, name)
    case 'approxDistinct':
      return approxDistinct(aggregate.field, name)
  }
}
