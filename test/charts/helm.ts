/** The chart as helm renders it. helm is found on the path, or named by STREAMJOB_TEST_HELM. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { KubeObject, Pod } from '../../operator/kube/resources.ts'

/** What users write into values. */
export type ValuesInput = Readonly<Record<string, unknown>>

/** Any object of the chart, with the parts that tests look at. */
export interface Rendered extends KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly spec?: Readonly<Record<string, unknown>>
  readonly rules?: readonly Rule[]
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[]
  readonly roleRef?: { readonly kind: string; readonly name: string }
}

export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

export const chart = fileURLToPath(new URL('../../charts/streamjob-operator', import.meta.url))
export const release = { name: 'sj', namespace: 'streaming', fullname: 'sj-streamjob-operator' } as const

export interface HelmResult {
  readonly ok: boolean
  readonly output: string
}

/** Runs helm; a failure is an answer too. */
export function helm(args: readonly string[]): Promise<HelmResult> {
  return new Promise((resolve, reject) => {
    execFile(process.env['STREAMJOB_TEST_HELM'] ?? 'helm', args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve({ ok: error === null, output: error === null ? stdout : stderr })
    })
  })
}

export function template(values: ValuesInput = {}, extra: readonly string[] = []): Promise<HelmResult> {
  const settings = Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`])
  return helm(['template', release.name, chart, '--namespace', release.namespace, '--kube-version', '1.34.0', ...settings, ...extra])
}

/** Every object of the chart with these values, hooks included. Throws helm's message. */
export async function render(values: ValuesInput = {}): Promise<readonly Rendered[]> {
  const { ok, output } = await template(values)
  if (!ok) throw new Error(output)
  return objectsOf(output)
}

/** The objects of what helm printed. */
export function objectsOf(output: string): readonly Rendered[] {
  return parseAllDocuments(output).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0]!
    const object = document.toJS() as Rendered | null
    return object === null ? [] : [object]
  })
}

/** The objects of a kind. */
export const ofKind = (objects: readonly Rendered[], kind: string): readonly Rendered[] => objects.filter((object) => object.kind === kind)

/** The only object of a kind. */
export function only(objects: readonly Rendered[], kind: string): Rendered {
  const found = ofKind(objects, kind)
  if (found.length !== 1) throw new Error(`expected one ${kind}, got ${found.length}: ${found.map(({ metadata }) => metadata.name).join(', ')}`)
  return found[0]!
}

export type PodSpec = NonNullable<Pod['spec']>

/** The pods that the chart makes, by what makes them. */
export function pods(objects: readonly Rendered[]): ReadonlyMap<string, { readonly metadata: KubeObject['metadata']; readonly spec: PodSpec }> {
  return new Map(
    objects.flatMap((object) => {
      // Of a Deployment and a Job the template is a Pod without a kind.
      if (object.kind === 'Pod') return [[object.kind, object as unknown as Pod & { spec: PodSpec }] as const]
      const pod = object.spec?.['template'] as (Pod & { spec: PodSpec }) | undefined
      return pod === undefined ? [] : [[object.kind, pod] as const]
    }),
  )
}

/** The operator's own pod. */
export function operatorPod(objects: readonly Rendered[]): { readonly metadata: KubeObject['metadata']; readonly spec: PodSpec } {
  const pod = pods(objects).get('Deployment')
  if (pod === undefined) throw new Error('there is no Deployment')
  return pod
}

/** Environment variables with a fixed value. */
export function environment({ spec }: { readonly spec: PodSpec }): Readonly<Record<string, string>> {
  return Object.fromEntries((spec.containers[0]?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
}
