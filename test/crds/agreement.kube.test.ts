import test from 'ava'
import fc from 'fast-check'
import { apiVersion, group, kinds, version } from '../../crds/names.ts'
import { StreamJobSpec } from '../../crds/streamjob.ts'
import { systemClock } from '../../operator/clock.ts'
import { isInvalid } from '../../operator/kube/errors.ts'
import { createTransport } from '../../operator/kube/rest/transport.ts'
import { type AnyResource, installDefinitions } from '../support/definitions.ts'
import { testClient, testConnection, testNamespace } from '../support/kube.ts'
import { anySpec } from './spec-arbitrary.ts'
import type { Json } from './spec-changes.ts'

const client = await testClient()
await installDefinitions(client)
const namespace = await testNamespace(client)
const transport = createTransport(await testConnection(), { userAgent: 'test', clock: systemClock })
test.after.always(() => {
  client.close()
  transport.close()
})

test('zod and the API server accept the same specs and make the same of them', async (t) => {
  const counts = { accepted: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(anySpec(), async (spec) => {
      const stored = await dryRun(spec)
      const parsed = StreamJobSpec.safeParse(spec)
      if ((typeof stored !== 'string') !== parsed.success) {
        throw new Error(`API server: ${typeof stored === 'string' ? stored : 'accepted'}\nzod: ${parsed.success ? 'accepted' : parsed.error.message}`)
      }
      counts[parsed.success ? 'accepted' : 'refused']++
      if (parsed.success) assertEqual((stored as AnyResource).spec, parsed.data)
    }),
    { numRuns: 400, includeErrorInReport: true },
  )
  t.log(counts)
  t.true(counts.accepted > 60 && counts.refused > 60, `both answers occur: ${JSON.stringify(counts)}`)
})

/** What the API server would store, or why it refuses. */
async function dryRun(spec: Json): Promise<AnyResource | string> {
  const { kind, plural } = kinds.StreamJob
  const path = `/apis/${group}/${version}/namespaces/${namespace}/${plural}?dryRun=All&fieldValidation=Ignore`
  const body = { apiVersion, kind, metadata: { name: 'generated', namespace }, spec }
  try {
    return (await transport.json({ name: 'dry run', method: 'POST', path, body }, 60_000, AbortSignal.timeout(60_000))) as AnyResource
  } catch (error) {
    if (isInvalid(error)) return error.message
    throw error
  }
}

function assertEqual(stored: unknown, parsed: unknown): void {
  const texts = [stored, parsed].map((value) => JSON.stringify(sorted(value), null, 1))
  if (texts[0] !== texts[1]) throw new Error(`stored: ${texts[0]}\nparsed: ${texts[1]}`)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, child]) => [name, sorted(child)]),
  )
}
