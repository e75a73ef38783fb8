/** Changes to a generated spec: mending what does not go together, and breaking one place of it. */
import fc from 'fast-check'

/** A value of JSON but null. */
export type Json = string | number | boolean | readonly Json[] | { readonly [field: string]: Json }

/** A JSON object. */
export type Fields = Readonly<Record<string, Json>>

/** The spec with fields that do not go together taken away, so that what is left is right or wrong by itself. */
export function repaired({
  autoscaling: scaling,
  processing: timing,
  errors: policies,
  state: storing,
  savepoints: saving,
  upgrade,
  pod: pods,
  ...rest
}: Fields): Json {
  const { startFrom, startTimestamp, commitInterval, transactionTimeout, sessionTimeout, ...times } = (timing ?? {}) as Fields
  const { minParallelism, maxParallelism, ...goals } = (scaling ?? {}) as Fields
  const { late, lateTopic, ...otherErrors } = (policies ?? {}) as Fields
  const { backend, volume, ...otherState } = (storing ?? {}) as Fields
  const { storage, schedule, ...otherSavepoints } = (saving ?? {}) as Fields
  const { template, ...otherPod } = (pods ?? {}) as Fields
  const { spec, ...otherTemplate } = (template ?? {}) as Fields
  const { nodeSelector } = (spec ?? {}) as Fields
  return {
    ...rest,
    autoscaling: {
      ...goals,
      ...present({ maxParallelism: maxParallelism ?? 12, minParallelism: maxParallelism === undefined ? minParallelism : undefined }),
    },
    processing: {
      ...times,
      ...present(startTimestamp === undefined ? {} : { startFrom: 'Timestamp', startTimestamp }),
      ...present(startTimestamp === undefined && startFrom !== 'Timestamp' ? { startFrom } : {}),
      ...present(transactionTimeout === undefined ? { commitInterval } : { commitInterval: '1s' }),
      ...(transactionTimeout === undefined && sessionTimeout === undefined ? {} : { transactionTimeout: '33s', sessionTimeout: '45s' }),
    },
    errors: { ...otherErrors, ...present(lateTopic === undefined ? { late } : { lateTopic }) },
    state: { ...otherState, ...present(volume === undefined ? {} : { backend, volume }) },
    savepoints: { ...otherSavepoints, ...present(storage === undefined ? {} : { storage, schedule }) },
    ...present({ upgrade: storage === undefined ? undefined : upgrade }),
    pod: { ...otherPod, template: { ...otherTemplate, spec: present({ nodeSelector }) } },
  }
}

function present(fields: Readonly<Record<string, Json | undefined>>): Fields {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined))
}

/** What to do to a spec. */
export interface Damage {
  readonly place: number
  readonly value: Json | undefined
}

/** Replaces some place by something alien, or takes it away. */
export const anyDamage: fc.Arbitrary<Damage> = fc.record({
  place: fc.nat({ max: 1_000 }),
  value: fc.constantFrom<Json | undefined>(undefined, '', 'x', '😀', 'a'.repeat(300), 0, -1, 7, 1.5, true, [], ['x'], [{}], {}, { a: 'b' }),
})

/** The spec with one place, counted round, replaced or taken away. */
export function damaged(spec: Json, { place, value }: Damage): Json {
  const places = placesOf(spec)
  return replaced(spec, places[place % places.length] ?? [], value) ?? {}
}

function placesOf(value: Json): (readonly string[])[] {
  if (typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, child]) => [[name], ...placesOf(child as Json).map((rest) => [name, ...rest])])
}

function replaced(value: Json | undefined, [name, ...rest]: readonly string[], by: Json | undefined): Json | undefined {
  if (name === undefined || typeof value !== 'object') return by
  const entries = Object.entries(value).flatMap(([key, child]): [string, Json][] => {
    const after = key === name ? replaced(child as Json, rest, by) : (child as Json)
    return after === undefined ? [] : [[key, after]]
  })
  return Array.isArray(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries)
}
