/** The real command as a process of its own, on copies of the sample jobs that have names of their own. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { brokers, uniqueName } from './kafka.ts'

const root = join(import.meta.dirname, '../..')
/** The file of the command. */
export const main = join(root, 'operator/cli/main.ts')

/** A line of an output file. */
export interface Line {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: unknown
  readonly headers: Readonly<Record<string, string>>
}

/** A sample job under names of its own, in a folder of its own. */
export interface Sample {
  readonly folder: string
  readonly file: string
  readonly name: string
  readonly input: string
  readonly output: string
}

/** `input` and `output` are its topics; both get other names. */
export async function sampleOf(t: ExecutionContext, sample: string, input: string, output: string): Promise<Sample> {
  const folder = await mkdtemp(join(tmpdir(), 'streamjob-dev-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const id = uniqueName(t)
    .slice(-14)
    .replaceAll(/[^a-z0-9]/g, '')
  const name = `${sample.split('.')[0]}-${id}`
  const text = (await readFile(join(root, 'test/jobs', sample), 'utf8'))
    .replace(/metadata: \{ name: [a-z]+ \}/, `metadata: { name: ${name} }`)
    .replaceAll(new RegExp(`(topic: '?)(${input}|${output})\\b`, 'g'), (_all, before: string, topic: string) => `${before}${id}-${topic}`)
  const file = join(folder, `${name}${extname(sample)}`)
  await writeFile(file, text)
  return { folder, file, name, input: `${id}-${input}`, output: `${id}-${output}` }
}

/** How the command ended. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `streamjob dev` on the sample, in its folder, on the real broker. */
export function dev(sample: Sample, ...args: readonly string[]): Promise<Ended> {
  return devInMemory(sample, '--kafka', brokers().join(','), ...args)
}

/** The same on the brokers that the command brings along. */
export function devInMemory(sample: Sample, ...args: readonly string[]): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>()
  const all = [main, 'dev', sample.file, ...args]
  execFile(process.execPath, all, { cwd: sample.folder, maxBuffer: 1 << 26 }, (error, out, err) => {
    resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err })
  })
  return promise
}

/** The lines of FOLDER/TOPIC.ndjson. */
export async function linesOf(sample: Sample, folder: string, topic: string): Promise<readonly Line[]> {
  const text = await readFile(join(sample.folder, folder, `${topic}.ndjson`), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

/** Key and partition -> what came, in its order. Late records and dead letters are stamped by the broker and travel with their input partition. */
export async function sequences(sample: Sample, folder: string): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const all: Record<string, unknown[]> = {}
  for (const file of await readdir(join(sample.folder, folder))) {
    const own = file.startsWith('default.')
    for (const { partition, key, value, timestamp, headers } of await linesOf(sample, folder, file.replace('.ndjson', ''))) {
      const sequence = (all[`${file}/${partition}/${key}`] ??= [])
      sequence.push(own ? [value, headers] : [value, timestamp, headers])
    }
  }
  return all
}

/** The records that went into a topic, as they lie there: read through a job that copies its input. */
export async function partitionsOf(sample: Sample): Promise<readonly (readonly Line[])[]> {
  const steps = [`      - from: { topic: ${sample.input} }`, `      - to: { topic: ${sample.input}-copy }`]
  const head = ['apiVersion: streamjob.dev/v1alpha1', 'kind: StreamJob', `metadata: { name: copy-${sample.name} }`, 'spec:']
  const copy = { ...sample, file: join(sample.folder, 'copy.yaml') }
  await writeFile(copy.file, [...head, "  kafka: { brokers: ['kafka:9092'] }", '  program:', '    steps:', ...steps].join('\n'))
  const { code, err } = await dev(copy, '--until-idle', '--output', 'copy')
  if (code !== 0) throw new Error(err)
  const lines = await linesOf(sample, 'copy', `${sample.input}-copy`)
  return [0, 1, 2, 3].map((partition) => lines.filter((line) => line.partition === partition))
}
