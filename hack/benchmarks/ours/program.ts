/** What authors of streamjob would write for each case. */
import { minPrice, priceFactor, type Work } from '../cases.ts'
import type { Variant } from '../contenders.ts'

export interface ProgramTopics {
  readonly input: string
  readonly output: string
}

/** Steps of a StreamJob, or the text of a module. */
export type ProgramText = { readonly kind: 'steps'; readonly steps: readonly object[] } | { readonly kind: 'module'; readonly text: string }

export function programOf(work: Work, variant: Variant, topics: ProgramTopics): ProgramText {
  switch (variant) {
    case 'steps':
      return { kind: 'steps', steps: stepsOf(work, topics) }
    case 'lambdas':
      return { kind: 'module', text: moduleOf(work, topics, schemas[work.kind]) }
    case 'schemaless':
      return { kind: 'module', text: moduleOf(work, topics, null) }
    case 'memory':
    case 'disk':
    case 'map':
      throw new Error(`streamjob has no variant ${variant}`)
  }
}

const whole = { auction: 'integer', bidder: 'integer', price: 'integer', channel: 'string', url: 'string', dateTime: 'timestamp', extra: 'string' }

/** The fields that a job of the kind reads. */
const schemas: Readonly<Record<Work['kind'], Readonly<Record<string, string>>>> = {
  'pass-through': whole,
  'filter-map': { auction: 'integer', bidder: 'integer', price: 'integer' },
  windowed: { auction: 'integer', price: 'integer', dateTime: 'timestamp' },
}

function stepsOf(work: Work, { input, output }: ProgramTopics): readonly object[] {
  const from = { topic: input, key: 'auction', format: 'json', schema: schemas[work.kind] }
  const to = { to: { topic: output, format: 'json' } }
  switch (work.kind) {
    case 'pass-through':
      return [{ from }, to]
    case 'filter-map': {
      const fields = { auction: 'value.auction', bidder: 'value.bidder', price: `double(value.price) * ${priceFactor}` }
      return [{ from }, { filter: `value.price > ${minPrice}` }, { map: { fields } }, to]
    }
    case 'windowed': {
      const [size, slide] = [`${work.sizeMs}ms`, `${work.slideMs}ms`]
      return [
        { from, eventTime: { field: 'dateTime', outOfOrderness: '2s' } },
        { keyBy: 'auction' },
        { window: work.slideMs === work.sizeMs ? { tumbling: size } : { sliding: size, slide } },
        { aggregate: { name: 'totals', fields: { count: { count: {} }, sum: { sum: 'price' } } } },
        to,
      ]
    }
  }
}

/** @param schema null: JSON as it comes. */
function moduleOf(work: Work, { input, output }: ProgramTopics, schema: Readonly<Record<string, string>> | null): string {
  const typed = schema !== null
  const declared = typed
    ? `, schema: t.object({ ${Object.entries(schema)
        .map(([field, type]) => `${field}: t.${type}`)
        .join(', ')} })`
    : ''
  const field = (name: string): string => (typed ? `bid.${name}` : `Number(bid['${name}'])`)
  return `import { stream, kafka, tumbling, sliding, count, sum, t } from 'streamjob'

export default stream
  .from(kafka({ topic: '${input}', key: 'auction'${declared} }))
${chainOf(work, field)}
  .to(kafka({ topic: '${output}' }))
`
}

function chainOf(work: Work, field: (name: string) => string): string {
  switch (work.kind) {
    case 'pass-through':
      return '  .map((bid) => ({ ...bid }))'
    case 'filter-map':
      return `  .filter((bid) => ${field('price')} > ${minPrice})
  .map((bid) => ({ auction: ${field('auction')}, bidder: ${field('bidder')}, price: ${field('price')} * ${priceFactor} }))`
    case 'windowed': {
      const window = work.slideMs === work.sizeMs ? `tumbling('${work.sizeMs}ms')` : `sliding('${work.sizeMs}ms', '${work.slideMs}ms')`
      return `  .eventTime((bid) => ${field('dateTime')}, { outOfOrderness: '2s' })
  .keyBy('auction')
  .window(${window})
  .aggregate('totals', { count: count(), sum: sum('price') })`
    }
  }
}
