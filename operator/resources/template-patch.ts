import type { JsonObject } from './json.ts'
import { isObject } from './json.ts'

/** A pod template patch that asks for something a job's author may not change. */
export class ForbiddenPatch extends Error {
  override readonly name = 'ForbiddenPatch'
}

/**
 * Applies `spec.pod.template` to the template that the operator made, by the rules of a strategic merge patch: objects merge, null removes, lists of
 * named things merge by their key, other lists are replaced; `$patch: delete` in a list item removes it. Throws ForbiddenPatch.
 */
export function applyTemplatePatch(template: JsonObject, patch: JsonObject, container: string): JsonObject {
  refuse(patch, container)
  return mergeObject(template, patch)
}

/** Fields of the pod that decide what it may do; they stay ours. */
const ownPodFields = [
  'serviceAccountName',
  'serviceAccount',
  'automountServiceAccountToken',
  'securityContext',
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'hostUsers',
  'restartPolicy',
  'hostname',
  'subdomain',
  'terminationGracePeriodSeconds',
  // To replace the whole spec would take all of these away.
  '$patch',
]
/** Fields of the worker's container that stay ours. */
const ownContainerFields = ['securityContext', 'command', 'args', 'image', 'ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle']

function refuse(patch: JsonObject, container: string): void {
  const spec = patch['spec']
  if (spec === undefined) return
  if (!isObject(spec)) throw new ForbiddenPatch('spec.pod.template.spec must be an object')
  for (const field of ownPodFields) {
    if (field in spec) throw new ForbiddenPatch(`spec.pod.template.spec.${field} is set by the operator and cannot be changed`)
  }
  for (const item of list(spec['containers'])) {
    if (item['name'] !== container) continue
    for (const field of [...ownContainerFields, '$patch']) {
      if (field in item)
        throw new ForbiddenPatch(`spec.pod.template.spec.containers[${container}].${field} is set by the operator and cannot be changed`)
    }
  }
  for (const volume of list(spec['volumes'])) {
    if ('hostPath' in volume) throw new ForbiddenPatch(`spec.pod.template.spec.volumes[${String(volume['name'])}].hostPath is not allowed`)
  }
}

/** The key by which the items of a list of a pod template are told apart; lists not named here are replaced as a whole. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  ports: 'containerPort',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
}

function mergeObject(base: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, unknown> = { ...base }
  for (const [field, value] of Object.entries(patch)) {
    if (field === '$patch') continue
    if (value === null) delete result[field]
    else result[field] = mergeField(field, result[field], value)
  }
  return result
}

function mergeField(field: string, base: unknown, patch: unknown): unknown {
  const key = mergeKeys[field]
  if (Array.isArray(patch)) return key === undefined ? patch : mergeList(list(base), list(patch), key)
  if (isObject(patch)) return patch['$patch'] === 'replace' ? withoutDirective(patch) : mergeObject(isObject(base) ? base : {}, patch)
  return patch
}

function mergeList(base: readonly JsonObject[], patch: readonly JsonObject[], key: string): JsonObject[] {
  const result = [...base]
  for (const item of patch) {
    const index = result.findIndex((other) => other[key] === item[key])
    if (item['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1)
    } else if (index < 0) result.push(mergeObject({}, item))
    else result[index] = mergeObject(result[index] ?? {}, item)
  }
  return result
}

function withoutDirective(patch: JsonObject): JsonObject {
  const { $patch: _, ...rest } = patch
  return rest
}

function list(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
