import { readFileSync } from 'node:fs'
import test from 'ava'
import { parse } from 'yaml'
import { customResourceDefinitions } from '../../crds/crd.ts'
import { kinds, version } from '../../crds/names.ts'
import { SavepointSpec } from '../../crds/savepoint.ts'
import { parseStreamJobManifest } from '../../crds/streamjob.ts'
import { Values } from '../../hack/chart/values.ts'
import { planSteps } from '../../runtime/dsl/steps.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Chart {
  readonly version: string
  readonly appVersion: string
  readonly annotations: Readonly<Record<string, string>>
}
// The file is the project's own.
const chart = parse(read('charts/streamjob-operator/Chart.yaml')) as Chart
const annotation = (name: string): unknown => parse(chart.annotations[`artifacthub.io/${name}`] ?? '')

test('the chart has the version of the package', (t) => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  t.is(chart.version, version)
  t.is(chart.appVersion, version)
})

test('the catalogue lists the image that the chart runs by default', (t) => {
  t.deepEqual(annotation('images'), [{ name: 'streamjob', image: `${Values.parse({}).image.repository}:${chart.appVersion}` }])
})

test('the catalogue lists every resource definition', (t) => {
  const listed = (annotation('crds') as { kind: string; version: string; name: string }[]).map(({ kind, name, version }) => ({ kind, name, version }))
  const defined = customResourceDefinitions().map(({ metadata, spec }) => ({ kind: spec.names.kind, name: metadata.name, version }))
  t.deepEqual(listed, defined)
})

test('the examples of the catalogue are valid, one of each kind, and the program plans', (t) => {
  const examples = annotation('crdsExamples') as { kind: string; spec: unknown }[]
  t.deepEqual(
    examples.map(({ kind }) => kind),
    Object.keys(kinds),
  )
  const job = parseStreamJobManifest(examples[0])
  t.is(planSteps(job.spec.program.steps ?? []).kind, 'planned')
  t.true(SavepointSpec.safeParse(examples[1]?.spec).success)
})

test('an entry of the catalogue says whether it is safe to upgrade', (t) => {
  const kindsOfChange = ['added', 'changed', 'deprecated', 'removed', 'fixed', 'security']
  const changes = annotation('changes') as { kind: string; description: string }[]
  t.true(changes.length > 0)
  for (const { kind, description } of changes) t.true(kindsOfChange.includes(kind) && description.length > 10)
  t.is(
    annotation('containsSecurityUpdates'),
    changes.some(({ kind }) => kind === 'security'),
  )
})
