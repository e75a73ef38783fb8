/**
 * Who may import whom. Rooms of one level may know each other (cycles are another rule's business); no room knows one above it.
 */
const runtimeLevels: readonly (readonly string[])[] = [
  ['errors', 'log', 'config', 'protocol', 'time', 'state', 'formats'],
  ['plan'],
  ['dsl', 'transforms'],
  ['program'],
  ['kafka', 'savepoint', 'connectors'],
  ['worker'],
  ['control', 'testing'],
  ['dev'],
  ['index', 'main'],
]

/** Rooms that know less than their level allows. */
const narrower: Readonly<Record<string, readonly string[]>> = {
  'runtime/dsl': ['runtime/plan', 'runtime/formats', 'runtime/errors', 'runtime/protocol'],
}

/** What the operator may use of the runtime: what both must know, and how programs are planned. */
const sharedWithOperator = ['protocol', 'config', 'errors', 'plan', 'dsl', 'savepoint', 'worker/assignment'].map((room) => `runtime/${room}`)

/** Rooms of the operator that may use more of the runtime. */
const operatorExtras: Readonly<Record<string, readonly string[]>> = {
  'operator/kafka': ['runtime/kafka'],
  'operator/cli': ['runtime/dev', 'runtime/program'],
}

/** Packages that one room keeps for itself. */
const packageOwners: Readonly<Record<string, string>> = {
  kafkajs: 'runtime/kafka',
  '@kubernetes/client-node': 'operator/kube',
}

/** Files whose types are a contract between rooms: `import type` of them is free. */
const contracts = [
  'runtime/kafka/client.ts',
  'runtime/kafka/records.ts',
  'runtime/transforms/stage.ts',
  'runtime/state/store.ts',
  'runtime/formats/schema.ts',
]

export interface Import {
  /** The importing file, below the checkout. */
  readonly from: string
  /** The imported file below the checkout, or the name of a package. */
  readonly to: string
  readonly isPackage: boolean
  readonly typeOnly: boolean
}

/** Why an import is not allowed, as a sentence for its author; null when it is. Tests and tools may import everything. */
export function whyForbidden(imported: Import): string | null {
  const { from, to, isPackage, typeOnly } = imported
  if (!/^(crds|runtime|operator)\//.test(from)) return null
  if (isPackage) return whyPackageForbidden(from, to)
  if (/^(test|hack)\//.test(to)) return `${from} is product code: it may not import ${to}`
  if (typeOnly && contracts.includes(to)) return null
  if (from.startsWith('crds/')) return to.startsWith('crds/') ? null : 'crds/ is the contract: it imports zod and nothing of ours'
  if (to.startsWith('crds/')) return null
  return from.startsWith('runtime/') ? whyForbiddenInRuntime(from, to) : whyForbiddenInOperator(from, to)
}

function whyPackageForbidden(from: string, name: string): string | null {
  if (name.startsWith('node:')) return from.startsWith('crds/') ? `crds/ is data: it may not import ${name}` : null
  if (from.startsWith('crds/') && name !== 'zod') return `crds/ imports zod only, not ${name}`
  const owner = packageOwners[name]
  return owner === undefined || isIn(from, owner) ? null : `only ${owner}/ imports ${name}`
}

function whyForbiddenInRuntime(from: string, to: string): string | null {
  if (to.startsWith('operator/')) return 'runtime/ runs without an operator: it may not import operator/'
  const [room, target] = [roomOf(from), roomOf(to)]
  if (room === target) return null
  const allowed = narrower[room]
  if (allowed) return allowed.includes(target) ? null : `${room} imports only ${allowed.join(', ')}, not ${target}`
  return levelOf(target) <= levelOf(room) ? null : `${target} stands above ${room}: nothing imports upwards`
}

function whyForbiddenInOperator(from: string, to: string): string | null {
  if (to.startsWith('operator/')) return null
  const extras = Object.entries(operatorExtras).flatMap(([room, more]) => (isIn(from, room) ? more : []))
  const allowed = [...sharedWithOperator, ...extras]
  return allowed.some((room) => isIn(to, room)) ? null : `${roomOf(from)} may import of the runtime only ${allowed.join(', ')}; not ${to}`
}

/** `runtime/kafka/wire/varint.ts` is in `runtime/kafka`; `runtime/errors.ts` is the room `runtime/errors`. */
const roomOf = (file: string): string => file.split('/').slice(0, 2).join('/').replace(/\.ts$/, '')

const isIn = (file: string, room: string): boolean => file === `${room}.ts` || file.startsWith(`${room}/`)

function levelOf(room: string): number {
  const level = runtimeLevels.findIndex((rooms) => rooms.includes(room.slice('runtime/'.length)))
  if (level < 0) throw new Error(`${room} has no place in hack/lint/rooms.ts: give it a level`)
  return level
}
