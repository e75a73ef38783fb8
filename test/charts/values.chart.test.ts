import test from 'ava'
import { template } from './helm.ts'

/** What users get wrong, and where helm's message points. */
const refused: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ['a misspelt name', { replcas: 2 }, /additional properties 'replcas' not allowed/],
  ['a misspelt name in a group', { image: { tga: 'x' } }, /at '\/image': additional properties 'tga' not allowed/],
  ['a number of replicas in quotes', { replicas: '2' }, /at '\/replicas': got string, want (integer|number)/],
  ['less than no replicas', { replicas: -1 }, /at '\/replicas': minimum: got -1, want 0/],
  ['a tag that is a number', { image: { tag: 1.2 } }, /at '\/image\/tag': got number, want string/],
  ['a digest that is none', { image: { digest: 'latest' } }, /at '\/image\/digest': 'latest' does not match pattern/],
  [
    'an unknown pull policy',
    { image: { pullPolicy: 'Sometimes' } },
    /at '\/image\/pullPolicy': value must be one of 'IfNotPresent', 'Always', 'Never'/,
  ],
  ['an unknown log level', { logLevel: 'loud' }, /at '\/logLevel': value must be one of/],
  ['a namespace that is no label', { watchNamespaces: ['Shop'] }, /at '\/watchNamespaces\/0': 'Shop' does not match pattern/],
  ['namespaces as one text', { watchNamespaces: 'shop,bank' }, /at '\/watchNamespaces': got string, want array/],
  ['an interval without a unit', { serviceMonitor: { interval: '30' } }, /at '\/serviceMonitor\/interval': '30' does not match pattern/],
  ['a switch in quotes', { networkPolicy: { enabled: 'false' } }, /at '\/networkPolicy\/enabled': got string, want boolean/],
  ['pull secrets as names', { imagePullSecrets: ['registry'] }, /at '\/imagePullSecrets\/0': got string, want object/],
  ['a label that is a number', { labels: { team: 7 } }, /at '\/labels\/team': got number, want string/],
  ['a port beyond the last', { service: { port: 65_536 } }, /at '\/service\/port': maximum: got 65,?536, want 65,?535/],
]

for (const [what, values, message] of refused) {
  test(`${what} is refused, with the place`, async (t) => {
    const { ok, output } = await template(values)
    t.false(ok)
    t.regex(output, /values don't meet the specifications of the schema/)
    t.regex(output, message)
  })
}

test('what a parent chart shares with its children is let through', async (t) => {
  const { ok, output } = await template({ global: { anything: true } })
  t.true(ok, output)
})

test('a default limit can be taken away', async (t) => {
  const { ok, output } = await template({ resources: { limits: { memory: null, cpu: 2 } } })
  t.true(ok, output)
  t.regex(output, /limits:\n +cpu: 2\n/)
})
