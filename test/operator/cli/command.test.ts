import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { runCommand } from '../../../operator/cli/command.ts'
import { nearest } from '../../../operator/cli/nearest.ts'
import { verbs } from '../../../operator/cli/verbs.ts'
import { testTerminal } from '../../support/terminal.ts'

const root = join(import.meta.dirname, '../../..')
const job = join(root, 'test/jobs/revenue.yaml')

async function run(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const terminal = testTerminal()
  const code = await runCommand(args, terminal)
  return { code, ...terminal.written }
}

async function assertRefused(t: ExecutionContext, args: readonly string[], message: string | RegExp): Promise<void> {
  const { code, out, err } = await run(...args)
  t.is(code, 2, err)
  t.is(out, '')
  if (typeof message === 'string') t.is(err, message)
  else t.regex(err, message)
}

test('without a verb it says how it is used, and fails; with --help it does not', async (t) => {
  await assertRefused(t, [], /^usage: streamjob VERB/)
  const { code, out } = await run('--help')
  t.is(code, 0)
  for (const [name, { summary }] of Object.entries(verbs)) t.true(out.includes(`  ${name}`) && out.includes(summary))
})

test('a verb that there is not is answered with the one that was meant', async (t) => {
  await assertRefused(t, ['pln', 'x'], 'streamjob: there is no pln; did you mean plan?\nSee: streamjob --help\n')
  await assertRefused(t, ['frobnicate'], 'streamjob: there is no frobnicate\nSee: streamjob --help\n')
  await assertRefused(t, ['constructor'], /^streamjob: there is no constructor/)
})

test('the nearest word is one typing error away, or begins so', (t) => {
  const words = ['dev', 'plan', 'status', 'suspend']
  t.is(nearest('staus', words), 'status')
  t.is(nearest('dve', words), 'dev')
  t.is(nearest('susp', words), 'suspend')
  t.is(nearest('x', words), null)
})

for (const name of Object.keys(verbs)) {
  test(`streamjob ${name} --help and streamjob help ${name} say the same, and so does the documentation`, async (t) => {
    const { code, out } = await run(name, '--help')
    t.is(code, 0)
    t.regex(out, new RegExp(`^usage: streamjob ${name} `))
    t.is((await run('help', name)).out, out)
    const page = await readFile(join(root, 'operator/docs/command.md'), 'utf8')
    t.true(page.includes(`## streamjob ${name}\n\n\`\`\`\n${out}\`\`\`\n`), `operator/docs/command.md does not have the help of ${name}:\n${out}`)
  })
}

test('arguments that can not be are refused with what they should be', async (t) => {
  await assertRefused(t, ['dev'], 'streamjob dev: FILE is missing\nSee: streamjob dev --help\n')
  await assertRefused(t, ['dev', job, 'more'], 'streamjob dev: unexpected more\nSee: streamjob dev --help\n')
  await assertRefused(t, ['dev', job, '--paralelism', '2'], /^streamjob dev: Unknown option '--paralelism'/)
  await assertRefused(t, ['dev', job, '--parallelism', '0'], /^streamjob dev: --parallelism must be a whole number from 1, not "0"/)
  await assertRefused(t, ['dev', job, '--crash-every', '1.5'], /^streamjob dev: --crash-every must be a whole number/)
  await assertRefused(t, ['dev', job, '--input', 'orders'], /^streamjob dev: --input must be TOPIC=FILE, not "orders"/)
  await assertRefused(t, ['dev', job, '--kafka', 'here'], /^streamjob dev: --kafka: write a broker as host:port/)
})

test('without brokers and without input it says what it needs', async (t) => {
  await assertRefused(t, ['dev', job], /^Nobody has written orders: give its records: --input orders=FILE, or take brokers that have it: --kafka\n$/)
})

test('input for a topic that the job does not read is refused', async (t) => {
  const message = /^--input ordres=x.ndjson: the job reads orders, not ordres\n$/
  await assertRefused(t, ['dev', job, '--kafka', '127.0.0.1:1', '--input', 'ordres=x.ndjson'], message)
})

test('input files are looked at before anything is connected to', async (t) => {
  await assertRefused(t, ['dev', job, '--kafka', '127.0.0.1:1', '--input', 'orders=/nowhere.ndjson'], '/nowhere.ndjson: there is no such file\n')
})

test('plan prints stages, topics, state and fingerprint', async (t) => {
  const { code, out } = await run('plan', job)
  t.is(code, 0)
  for (const part of ['job revenue', 'stage orders (keeps state)', 'reads orders, writes revenue-per-minute', 'state\n  revenue: one row']) {
    t.true(out.includes(part), out)
  }
  t.regex(out, /\nfingerprint [0-9a-f]{64}\n$/)
})

test('plan says where the records go that can not be processed, by reason', async (t) => {
  const { out } = await run('plan', job)
  const topics = ['  undecodable  go to default.revenue.dlq', '  processing   go to default.revenue.dlq', '  late         go to default.revenue.late']
  t.true(out.includes(["\n\nrecords that can't be processed", ...topics, '\nfingerprint '].join('\n')), out)
  await using folder = await mkdtempDisposable(join(tmpdir(), 'streamjob-test-'))
  const other = join(folder.path, 'other.yaml')
  const text = await readFile(job, 'utf8')
  const errors = '  errors: { undecodable: Skip, processing: Fail, lateTopic: belated }'
  await writeFile(other, text.replace('\nspec:\n', `\nspec:\n${errors}\n`))
  const fates = ['  undecodable  are skipped', '  processing   stop the job', '  late         go to belated']
  const changed = await run('plan', other)
  t.true(changed.out.includes(fates.join('\n')), changed.out + changed.err)
})

test('plan --json gives the same for programs to read', async (t) => {
  const { code, out } = await run('plan', job, '--json')
  t.is(code, 0)
  const plan = JSON.parse(out) as Record<string, unknown>
  t.like(plan, {
    name: 'revenue',
    applicationId: 'default.revenue',
    topics: {
      reads: ['orders'],
      writes: ['revenue-per-minute'],
      late: 'default.revenue.late',
      deadLetters: 'default.revenue.dlq',
      internal: ['default.revenue.job', 'default.revenue.changelog.1.orders'],
    },
  })
  t.true((await run('plan', job)).out.includes(String(plan['fingerprint'])))
})

test('plan refuses what can not be planned', async (t) => {
  await assertRefused(t, ['plan', '/nowhere.yaml'], '/nowhere.yaml: there is no such file\n')
})
