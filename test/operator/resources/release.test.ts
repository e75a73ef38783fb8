import test from 'ava'
import { canonicalJson, contentHash } from '../../../operator/resources/hash.ts'
import {
  decodeRelease,
  encodeRelease,
  releaseHashes,
  templateMetadataHash,
  type ProgramSource,
  type Release,
} from '../../../operator/resources/release.ts'
import { releaseConfigMap, releaseOf } from '../../../operator/resources/release-configmap.ts'
import { workerConfig } from '../../../operator/resources/worker-config.ts'
import { specOf } from './spec.ts'

const program: ProgramSource = { kind: 'steps', steps: [{ from: { topic: 'in' } }] }
const hash = (spec: Record<string, unknown>, source = program): string => releaseHashes(specOf(spec), 'default.revenue', source).hash

const release: Release = {
  hash: 'h',
  codeHash: 'c',
  image: 'streamjob:1',
  plan: { kind: 'planned', formatVersion: 1, fingerprint: 'f', explain: '', stages: [] },
  pods: null,
}

test('the order of fields never changes a hash', (t) => {
  t.is(contentHash({ a: 1, b: [{ c: 2, d: 3 }] }), contentHash({ b: [{ d: 3, c: 2 }], a: 1 }))
  t.is(canonicalJson({ b: undefined, a: null }), '{"a":null}')
  t.not(contentHash([1, 2]), contentHash([2, 1]))
})

test('replicas, suspension, labels and annotations restart nothing', (t) => {
  const same = hash({})
  t.is(hash({ parallelism: 7 }), same)
  t.is(hash({ suspend: true }), same)
  t.is(hash({ deletion: { deadline: '1m' } }), same)
  const labelled = { pod: { template: { metadata: { labels: { team: 'a' } } } } }
  t.is(hash(labelled), same)
  t.not(templateMetadataHash(specOf(labelled)), templateMetadataHash(specOf()))
})

for (const [what, spec] of Object.entries({
  brokers: { kafka: { brokers: ['other:9092'] } },
  credentials: { kafka: { brokers: ['kafka:9092'], sasl: { mechanism: 'plain', secret: 'user' } } },
  'commit interval': { processing: { commitInterval: '2s' } },
  'error policy': { errors: { processing: 'Skip' } },
  resources: { pod: { resources: { limits: { memory: '1Gi' } } } },
  'pod template': { pod: { template: { spec: { nodeSelector: { disk: 'ssd' } } } } },
})) {
  test(`a change of the ${what} is another release of the same code`, (t) => {
    const [before, after] = [specOf(), specOf(spec)].map((each) => releaseHashes(each, 'default.revenue', program))
    t.not(before?.hash, after?.hash)
    t.is(before?.codeHash, after?.codeHash)
  })
}

test('a change of the program is other code', (t) => {
  const other: ProgramSource = { kind: 'module', text: 'export default 1' }
  t.not(releaseHashes(specOf(), 'a', program).codeHash, releaseHashes(specOf(), 'a', other).codeHash)
})

test('a release survives its ConfigMap, which is immutable and holds what workers read', (t) => {
  const owner = { name: 'revenue', namespace: 'default', uid: 'u' }
  const configMap = releaseConfigMap(owner, specOf(), 'default.revenue', { kind: 'module', text: 'export default 1' }, release)
  t.is(configMap.metadata.name, 'revenue-h')
  t.true(configMap.immutable)
  t.deepEqual(Object.keys(configMap.data ?? {}).toSorted(), ['config.json', 'program.ts', 'release.json'])
  t.deepEqual(releaseOf(configMap), release)
})

test('what is not a release of this format is none', (t) => {
  t.is(decodeRelease('nonsense'), null)
  t.is(decodeRelease(encodeRelease(release).replace('"formatVersion":1', '"formatVersion":2')), null)
  t.is(decodeRelease('{"formatVersion":1}'), null)
})

test("the worker's configuration speaks milliseconds and names the files of the credentials", (t) => {
  const spec = specOf({
    kafka: { brokers: ['k:9093'], tls: { caSecret: { name: 'ca' }, clientSecret: 'client' }, sasl: { mechanism: 'scram-sha-512', secret: 'user' } },
    processing: { commitInterval: '5s', idleTimeout: '20s', startFrom: 'Timestamp', startTimestamp: '2026-01-01T00:00:00Z' },
    errors: { late: 'DeadLetter', lateTopic: 'late-orders' },
  })
  t.deepEqual(workerConfig(spec, 'default.revenue', program), {
    formatVersion: 1,
    applicationId: 'default.revenue',
    program: { kind: 'steps', steps: [{ from: { topic: 'in' } }] },
    kafka: {
      brokers: ['k:9093'],
      tls: {
        caFile: '/etc/streamjob/kafka-ca/ca.crt',
        certFile: '/etc/streamjob/kafka-client/tls.crt',
        keyFile: '/etc/streamjob/kafka-client/tls.key',
      },
      sasl: { mechanism: 'scram-sha-512', usernameFile: '/etc/streamjob/kafka-user/username', passwordFile: '/etc/streamjob/kafka-user/password' },
    },
    processing: {
      guarantee: 'ExactlyOnce',
      commitIntervalMs: 5_000,
      transactionTimeoutMs: 30_000,
      sessionTimeoutMs: 45_000,
      startFrom: { kind: 'timestamp', timestamp: Date.UTC(2026, 0, 1) },
      maxFutureTimestampMs: 3_600_000,
      idleTimeoutMs: 20_000,
      outputLingerMs: 100,
    },
    errors: { undecodable: 'DeadLetter', processing: 'DeadLetter', late: 'DeadLetter', lateTopic: 'late-orders' },
    state: { directory: null, snapshotIntervalMs: 60_000 },
  })
})
