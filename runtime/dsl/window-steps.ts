/** The windows of `steps`: their grammar, and what they stand for. */
import { z } from 'zod'
import { durationHint } from '../../crds/durations.ts'
import type { WindowDraft } from './windows.ts'

const duration = z.string({ error: durationHint })

/** What may stand behind `window`. Which words stand together is a matter of `windowOf`. */
export const windowGrammar = z.strictObject({
  tumbling: duration.optional(),
  sliding: duration.optional(),
  slide: duration.optional(),
  session: duration.optional(),
  lateness: duration.optional(),
  offset: duration.optional(),
  timeZone: z.string().optional(),
  emit: z
    .union([z.string(), z.strictObject({ early: duration, then: z.string().optional() })], { error: 'write final, updates, or early: 10s' })
    .optional(),
  count: z.number().optional(),
  global: z.strictObject({ count: z.number().optional(), every: duration.optional(), purge: z.boolean().optional() }).optional(),
})
type WindowStep = z.infer<typeof windowGrammar>

/** The window of a step; text: what is wrong with it. */
export function windowOf(step: WindowStep): WindowDraft | string {
  const { tumbling, sliding, slide, lateness, offset, timeZone, emit, count, global } = step
  const kinds = [tumbling, sliding, count, global].filter((kind) => kind !== undefined)
  if (kinds.length !== 1) return 'give one of tumbling: 1m, sliding: 10m with slide: 1m, count: 100, global: { every: 1h }'
  if ((sliding === undefined) !== (slide === undefined)) return 'sliding and slide stand together: sliding: 10m, slide: 1m'
  const options = Object.entries({ lateness, offset, timeZone, emit }).filter(([, value]) => value !== undefined)
  const words = options.map(([word]) => word).join(' and ')
  if ((count !== undefined || global !== undefined) && options.length > 0) return `${words} belong to windows in time: leave them out`
  if (count !== undefined) return { kind: 'count', size: count }
  if (global !== undefined) return { kind: 'global', ...global }
  if (tumbling !== undefined) return { kind: 'tumbling', size: tumbling, timeZone, lateness, offset, emit }
  if (timeZone !== undefined) return 'windows in a time zone lie side by side: tumbling: 1d, timeZone: Europe/Berlin'
  return { kind: 'sliding', size: sliding ?? '', slide: slide ?? '', lateness, offset, emit }
}
