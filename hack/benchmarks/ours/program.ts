/** What authors of streamjob would write for each case. */
import { minPrice, priceFactor, type Work } from '../cases.ts'
import type { Variant } from '../contenders.ts'
import { nexmarkModule } from './nexmark.ts'

export interface ProgramTopics {
  readonly input: string
  readonly output: string
}

/** Steps of a StreamJob, or the text of a module. */
export type ProgramText = { readonly kind: 'steps'; readonly steps: readonly object[] } | { readonly kind: 'module'; readonly text: string }

export function programOf(work: Work, variant: Variant, topics: ProgramTopics): ProgramText {
  if (work.kind === 'hot-items' || work.kind === 'highest-bids' || work.kind === 'new-users') {
    if (variant !== 'lambdas') throw new Error(`${work.kind} is written with functions over a schema only`)
    return { kind: 'module', text: nexmarkModule(work, topics) }
  }
  switch (variant) {
    case 'steps':
      return { kind: 'steps', steps: stepsOf(work, topics) }
    case 'lambdas':
      return { kind: 'module', text: moduleOf(work, topics, schemaOf(work)) }
    case 'schemaless':
      return { kind: 'module', text: moduleOf(work, topics, null) }
    case 'memory':
    case 'disk':
    case 'map':
      throw new Error(`streamjob has no variant ${variant}`)
  }
}

const whole = { auction: 'integer', bidder: 'integer', price: 'integer', channel: 'string', url: 'string', dateTime: 'timestamp', extra: 'string' }

type PlainWork = Exclude<Work, { readonly kind: 'hot-items' | 'highest-bids' | 'new-users' }>

/** The fields that a job reads. */
function schemaOf(work: PlainWork): Readonly<Record<string, string>> {
  switch (work.kind) {
    case 'pass-through':
      return whole
    case 'filter-map':
      return { auction: 'integer', bidder: 'integer', price: 'integer' }
    case 'windowed':
    case 'sessions':
      return { [work.by]: 'integer', price: 'integer', dateTime: 'timestamp' }
  }
}

/** The topic is keyed by auction. Whoever groups by something else has no use for that. */
const isKeyed = (work: PlainWork): boolean => !('by' in work) || work.by === 'auction'

function stepsOf(work: PlainWork, { input, output }: ProgramTopics): readonly object[] {
  const from = { topic: input, ...(isKeyed(work) ? { key: 'auction' } : {}), format: 'json', schema: schemaOf(work) }
  const to = { to: { topic: output, format: 'json' } }
  switch (work.kind) {
    case 'pass-through':
      return [{ from }, to]
    case 'filter-map': {
      const fields = { auction: 'value.auction', bidder: 'value.bidder', price: `double(value.price) * ${priceFactor}` }
      return [{ from }, { filter: `value.price > ${minPrice}` }, { map: { fields } }, to]
    }
    case 'windowed':
    case 'sessions':
      return [
        { from, eventTime: { field: 'dateTime', outOfOrderness: '2s' } },
        { keyBy: isKeyed(work) ? work.by : { field: work.by, name: `by-${work.by}` } },
        { window: windowStep(work) },
        { aggregate: { name: 'totals', fields: { count: { count: {} }, sum: { sum: 'price' } } } },
        to,
      ]
  }
}

function windowStep(work: Extract<PlainWork, { readonly kind: 'windowed' | 'sessions' }>): object {
  if (work.kind === 'sessions') return { session: `${work.gapMs}ms` }
  return work.slideMs === work.sizeMs ? { tumbling: `${work.sizeMs}ms` } : { sliding: `${work.sizeMs}ms`, slide: `${work.slideMs}ms` }
}

/** @param schema null: JSON as it comes. */
function moduleOf(work: PlainWork, { input, output }: ProgramTopics, schema: Readonly<Record<string, string>> | null): string {
  const typed = schema !== null
  const declared = typed
    ? `, schema: t.object({ ${Object.entries(schema)
        .map(([field, type]) => `${field}: t.${type}`)
        .join(', ')} })`
    : ''
  const field = (name: string): string => (typed ? `bid.${name}` : `Number(bid['${name}'])`)
  return `import { stream, kafka, tumbling, sliding, session, count, sum, t } from 'streamjob'

export default stream
  .from(kafka({ topic: '${input}'${isKeyed(work) ? ", key: 'auction'" : ''}${declared} }))
${chainOf(work, field)}
  .to(kafka({ topic: '${output}' }))
`
}

function chainOf(work: PlainWork, field: (name: string) => string): string {
  switch (work.kind) {
    case 'pass-through':
      return '  .map((bid) => ({ ...bid }))'
    case 'filter-map':
      return `  .filter((bid) => ${field('price')} > ${minPrice})
  .map((bid) => ({ auction: ${field('auction')}, bidder: ${field('bidder')}, price: ${field('price')} * ${priceFactor} }))`
    case 'windowed':
    case 'sessions':
      return `  .eventTime((bid) => ${field('dateTime')}, { outOfOrderness: '2s' })
  .keyBy('${work.by}'${isKeyed(work) ? '' : `, { name: 'by-${work.by}' }`})
  .window(${windowCall(work)})
  .aggregate('totals', { count: count(), sum: sum('price') })`
  }
}

function windowCall(work: Extract<PlainWork, { readonly kind: 'windowed' | 'sessions' }>): string {
  if (work.kind === 'sessions') return `session('${work.gapMs}ms')`
  return work.slideMs === work.sizeMs ? `tumbling('${work.sizeMs}ms')` : `sliding('${work.sizeMs}ms', '${work.slideMs}ms')`
}
