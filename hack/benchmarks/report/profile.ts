/** Where the time of a worker goes: CPU profiles, summed up by what the functions are for. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { profileName, type Run } from '../bench.ts'

/** A profile as Node writes it. Times in microseconds. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** Groups of functions, the first that fits; by file, or by the name of what has none. */
const groups: readonly (readonly [group: string, fits: (place: string) => boolean])[] = [
  ['idle', (place) => place === '(idle)'],
  ['garbage collection', (place) => place === '(garbage collector)'],
  ['changelog and commit', (place) => /state\/changelog-row|worker\/(commit|positions)/.test(place)],
  ['decompression', (place) => /zlib|lz4|snappy/.test(place)],
  ['fetch and index', (place) => /kafka\/(fetch|batch\/(decode|header|committed|varint|clip|codecs))/.test(place)],
  ['produce', (place) => /kafka\/(produce|batch\/encode)|worker\/outputs|formats\/key/.test(place)],
  ['other Kafka', (place) => /kafkajs|runtime\/kafka/.test(place)],
  ['JSON encoding', (place) => /json\/(encoder|write)/.test(place)],
  ['JSON decoding', (place) => /formats\/|\/evalmachine|^read\d/.test(place)],
  ['state table', (place) => place.includes('runtime/state/')],
  ['transforms and windows', (place) => /runtime\/(transforms|time|plan)/.test(place)],
  ['worker', (place) => /runtime\/(worker|control|main)/.test(place)],
  ['program (native)', (place) => place === '(program)'],
  ['Node', (place) => place.startsWith('node:')],
]

/** Prints, for each run, the share of each group in the steady part, and the costliest functions. */
export async function printShares(directory: string, runs: readonly Run[]): Promise<void> {
  for (const { variant, repetition, steadyFrom, whole } of runs) {
    const file = join(directory, `${profileName(variant, repetition)}.cpuprofile`)
    const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile
    const { shares, costliest } = sumUp(profile, steadyFrom * 1e6, whole.wallSeconds * 1e6)
    console.log(`\n${file}, steady part:`)
    for (const [group, share] of shares) console.log(`${percent(share)}  ${group}`)
    console.log('of which')
    for (const [name, share] of costliest) console.log(`${percent(share)}  ${name}`)
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(1).padStart(5)} %`

type Shares = readonly (readonly [name: string, share: number])[]

/** Shares of the time between two points, which are counted from the start of the process; idle time does not count. */
function sumUp({ nodes, samples, timeDeltas }: CpuProfile, from: number, to: number): { readonly shares: Shares; readonly costliest: Shares } {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)))
  const byGroup = new Map<string, number>()
  const byFunction = new Map<string, number>()
  let total = 0
  let at = 0
  for (const [i, id] of samples.entries()) {
    const time = timeDeltas[i] ?? 0
    at += time
    if (at < from || at > to) continue
    const place = placeOf(id, byId, parents)
    const group = groups.find(([, fits]) => fits(place))?.[0] ?? 'other'
    if (group === 'idle') continue
    total += time
    add(byGroup, group, time)
    const { functionName, url, lineNumber } = byId.get(id)!.callFrame
    add(byFunction, `${functionName || '(anonymous)'} ${url.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')}:${lineNumber + 1}`, time)
  }
  const ranked = (sums: ReadonlyMap<string, number>): Shares =>
    [...sums].sort((a, b) => b[1] - a[1]).map(([name, sum]) => [name, sum / total] as const)
  return { shares: ranked(byGroup), costliest: ranked(byFunction).slice(0, 40) }
}

/** The file of the function; of native ones, which have none, that of who called them. */
function placeOf(id: number, byId: ReadonlyMap<number, ProfileNode>, parents: ReadonlyMap<number, number>): string {
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const { functionName, url } = byId.get(at)!.callFrame
    if (url !== '') return url
    if (/^\(|^read\d/.test(functionName)) return functionName
  }
  return ''
}

function add(sums: Map<string, number>, name: string, value: number): void {
  sums.set(name, (sums.get(name) ?? 0) + value)
}
