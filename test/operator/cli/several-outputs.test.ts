/** A sample job of three outputs, run by the command on the brokers that it brings along, with workers that are killed. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { main } from '../../support/dev-command.ts'
import { randomOf } from '../../support/orders.ts'

const job = join(import.meta.dirname, '../../jobs/parcels.ts')
const minute = 60_000
const heavy = 20_000

interface Parcel {
  readonly sender: string
  readonly city: string
  readonly grams: number
  readonly at: number
}

/** What a group of parcels comes to per minute, as sorted text. */
function perMinute(parcels: readonly Parcel[], field: 'sender' | 'city', resultOf: (parcels: readonly Parcel[]) => object): readonly string[] {
  const groups = Map.groupBy(parcels, (parcel) => `${parcel[field]} ${Math.floor(parcel.at / minute)}`)
  return [...groups.values()]
    .map((group) => {
      const windowStart = Math.floor(group[0]!.at / minute) * minute
      return JSON.stringify({ key: group[0]![field], windowStart, windowEnd: windowStart + minute, ...resultOf(group) })
    })
    .toSorted()
}

test('each output is a file of its own, with all that belongs there and nothing twice', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'streamjob-outputs-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const random = randomOf(12)
  const parcels = Array.from({ length: 2_000 }, (_, i): Parcel => {
    const [sender, city] = [`s${Math.floor(random() * 9)}`, `c${Math.floor(random() * 5)}`]
    return { sender, city, grams: Math.floor(random() * 25_000), at: 1_700_000_000_000 + i * 300 - Math.floor(random() * 4_000) }
  })
  const file = join(folder, 'parcels.ndjson')
  await writeFile(file, parcels.map((value) => `${JSON.stringify({ key: value.sender, value })}\n`).join(''))
  const output = join(folder, 'out')
  const args = ['dev', job, '--input', `parcels=${file}`, '--output', output, '--until-idle', '--parallelism', '2', '--crash-every', '400']
  await promisify(execFile)(process.execPath, [main, ...args], { timeout: 60_000 })

  const valuesIn = async (topic: string): Promise<readonly string[]> => {
    const lines = (await readFile(join(output, `${topic}.ndjson`), 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.stringify((JSON.parse(line) as { value: unknown }).value)).toSorted()
  }
  const [large, small] = [parcels.filter(({ grams }) => grams > heavy), parcels.filter(({ grams }) => grams <= heavy)]
  t.true(large.length > 100)
  t.deepEqual(await valuesIn('heavy-parcels'), large.map((parcel) => JSON.stringify(parcel)).toSorted())
  t.deepEqual(
    await valuesIn('parcels-by-sender'),
    perMinute(small, 'sender', (group) => ({ parcels: group.length, grams: group.reduce((sum, { grams }) => sum + grams, 0) })),
  )
  t.deepEqual(
    await valuesIn('parcels-by-city'),
    perMinute(parcels, 'city', (group) => ({ parcels: group.length })),
  )
})
