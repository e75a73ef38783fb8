/** Specs near every bound and rule: most values are right, some are wrong, and sometimes one place is replaced by something alien. */
import fc from 'fast-check'
import { anyDamage, damaged, type Fields, type Json, repaired } from './spec-changes.ts'

/** A StreamJob's spec as JSON, right or wrong: about half each. */
export function anySpec(): fc.Arbitrary<Json> {
  return fc
    .tuple(plausible, mostlyTrue, fc.option(anyDamage, { nil: null, freq: 2 }))
    .map(([spec, isRepaired, change]) => (isRepaired ? repaired(spec as Fields) : change === null ? spec : damaged(spec, change)))
}

/** One of the good values, or now and then a bad one. */
function mostly(good: readonly Json[], bad: readonly Json[] = []): fc.Arbitrary<Json> {
  const fine = fc.constantFrom(...good)
  return bad.length === 0 ? fine : fc.oneof({ weight: 120, arbitrary: fine }, { weight: 1, arbitrary: fc.constantFrom(...bad) })
}

/** An object whose fields are each there or not, apart from those that are always there. */
function fields(all: Readonly<Record<string, fc.Arbitrary<Json>>>, ...always: readonly string[]): fc.Arbitrary<Json> {
  return fc.record(all, { requiredKeys: [...always] })
}

const long = (length: number): string => 'a'.repeat(length)
const objectName = mostly(['name', 'a.b-c', long(253)], [long(254), 'A', 'a..b', '-a', ''])
const durations = mostly(['1ms', '10s', '1m', '6h', '7d', '99999999d'], ['0s', '1.5s', '01s', '1 s', '100000000s', '', 'P1D'])
const shortDurations = mostly(['1s', '30s', '1000ms', '1m', '12h'], ['1d', '0s', '999999h', '9999999ms', 'soon'])
const keyRef = fields({ name: objectName, key: mostly(['k', 'a.b_c-D'], ['a b']), optional: mostly([true, false]) }, 'name', 'key')

const env = fc.uniqueArray(
  fields(
    {
      name: mostly(['A', 'B_1', 'c.d-e', '_'], ['1A', 'A B', '']),
      value: mostly(['', 'x', '😀']),
    },
    'name',
  ),
  { maxLength: 3, selector: (entry) => JSON.stringify(entry) },
)

const envFrom = fc.array(
  fields(
    {
      name: mostly(['X', 'Y', 'Z']),
      valueFrom: fc.oneof(
        {
          weight: 9,
          arbitrary: fc.oneof(
            keyRef.map((ref) => ({ secretKeyRef: ref })),
            keyRef.map((ref) => ({ configMapKeyRef: ref })),
          ),
        },
        { weight: 1, arbitrary: fc.constantFrom<Json>({}, { fieldRef: { fieldPath: 'metadata.name' } }, { fieldRef: {} }) },
      ),
    },
    'name',
  ),
  { maxLength: 1 },
)

const program = fc
  .tuple(
    mostly(
      [
        { steps: [{ from: { topic: 'a', deep: [1, { b: true }] } }] },
        { inline: 'export default 1' },
        { inline: '😀'.repeat(32_768) },
        { configMap: { name: 'programs' } },
        { configMap: { name: 'programs', key: 'a.ts' } },
        { image: 'registry:5000/jobs@sha256:0f', module: 'jobs/a.ts' },
      ],
      [
        {},
        { steps: [] },
        { inline: '' },
        { inline: `${'😀'.repeat(32_768)}a` },
        { image: 'jobs' },
        { inline: 'x', module: 'a.ts' },
        { inline: 'x', image: 'jobs', module: 'a.ts' },
      ],
    ),
    fc.option(fc.oneof(env, envFrom), { nil: undefined }),
  )
  .map(([source, variables]) => ({ ...(source as object), ...(variables === undefined ? {} : { env: variables }) }) as Json)

const kafka = fields(
  {
    brokers: fc.array(
      mostly(['kafka:9092', '10.0.0.1:1', '[::1]:9092', `${long(253)}:9092`], ['kafka', 'kafka:', ':9092', '[x]:1', `${long(254)}:9092`]),
      { minLength: 1, maxLength: 3 },
    ),
    applicationId: mostly(['a', 'ns.name', 'job.a', 'a.jobs', 'a_b-C.9', long(120)], ['a.job', 'a.late.b', '.a', 'a.', 'a..b', 'a b', '', long(121)]),
    tls: fields({ caSecret: fields({ name: objectName, key: mostly(['ca.crt'], ['a/b']) }, 'name'), clientSecret: objectName }),
    sasl: fields({ mechanism: mostly(['plain', 'scram-sha-256', 'oauthbearer'], ['PLAIN']), secret: objectName }, 'mechanism', 'secret'),
    schemaRegistry: fields(
      { url: mostly(['http://a', 'https://a.b:1/c/d'], ['a', 'http://', 'http://u@a', 'http://a?b']), secret: objectName },
      'url',
    ),
    internalTopics: fields({
      replicationFactor: mostly([-1, 1, 100], [0, -2, 101]),
      partitions: mostly([1, 10_000], [0, 10_001]),
      config: mostly([{}, { 'min.insync.replicas': '2', 'a.b': '' }], [{ 'retention.ms': '1' }, { a: 1 }]),
    }),
  },
  'brokers',
)

const autoscaling = fields({
  mode: mostly(['Disabled', 'DryRun', 'Enabled'], ['enabled']),
  minParallelism: mostly([0, 1, 4], [-1, 1_001]),
  maxParallelism: mostly([4, 12, 1_000], [0, 1_001]),
  targetUtilization: mostly([0.1, 0.7, 0.95], [0.09, 0.951, 1, 70]),
  maxDelay: durations,
  catchUp: durations,
  scaleDown: fields({ stabilization: mostly(['0s', '10m', '0d'], ['0', '-1s']) }),
})

const processing = fields({
  guarantee: mostly(['ExactlyOnce', 'AtLeastOnce'], ['exactly-once']),
  commitInterval: mostly(['10ms', '999ms', '1s', '5s'], ['9ms', '6m', '1d']),
  transactionTimeout: fc.oneof(mostly(['1s', '30s', '33s', '15m'], ['999ms', '16m']), shortDurations),
  sessionTimeout: fc.oneof(mostly(['45s', '44999ms', '42s', '1m', '30m'], ['31m', '5s']), shortDurations),
  startFrom: mostly(['Earliest', 'Latest', 'Timestamp'], ['Beginning']),
  startTimestamp: mostly(
    ['2026-11-22T06:00:00Z', '2024-02-29T23:59:59.999999999+23:59', '2000-02-29T00:00:00-00:00'],
    [
      '2026-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-11-22',
      '2026-11-22 06:00:00Z',
      '2026-11-22T24:00:00Z',
    ],
  ),
  idleTimeout: durations,
  maxFutureTimestamp: durations,
})

const errors = fields({
  undecodable: mostly(['DeadLetter', 'Fail', 'Skip'], ['Drop']),
  processing: mostly(['DeadLetter', 'Fail', 'Skip']),
  late: mostly(['DeadLetter', 'DeadLetter', 'Fail']),
  lateTopic: mostly(['late', '.a', '_.-', long(249)], ['.', '..', 'a b', '', long(250)]),
})

const state = fields({
  backend: mostly(['Memory', 'Memory', 'Disk'], ['RocksDB']),
  volume: fields({ size: mostly(['10Gi', '1', '500M'], ['0', '-1Gi', '1.5Gi', '10GB', '']), storageClassName: objectName }, 'size'),
  snapshotInterval: durations,
  standbys: mostly([0, 5], [6, -1]),
})

const path = mostly(['a', 'a/b/', '.a/b..c'], ['/a', '..', 'a/../b', 'a//b', '.', ''])
const savepoints = fields({
  storage: fc.oneof(
    { weight: 5, arbitrary: fields({ volumeClaim: objectName, path }, 'volumeClaim') },
    {
      weight: 5,
      arbitrary: fields(
        {
          bucket: mostly(['abc', 'a.b-c'], ['ab', 'A-b', '-ab']),
          prefix: path,
          endpoint: mostly(['http://s3:9000'], ['s3']),
          region: mostly(['eu-1'], ['']),
          secret: objectName,
        },
        'bucket',
      ).map((s3) => ({ s3 })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Json>({}, { path: 'a' }, { s3: { bucket: 'abc' }, path: 'a' }, { s3: { bucket: 'abc' }, volumeClaim: 'a' }),
    },
  ),
  schedule: fields({ every: durations }, 'every'),
  retain: fields({ count: mostly([1, 1_000], [0, 1_001]), age: durations }),
})

const pod = fields({
  resources: fields({
    requests: mostly(
      [{}, { cpu: 1, memory: '1Gi' }, { cpu: '0.5', 'example.com/gpu': 1 }],
      [{ cpu: -1 }, { cpu: 'much' }, { cpu: 0.5 }, { memory: '1 Gi' }, { cpu: true }],
    ),
    limits: mostly([{ cpu: '100m' }], [{ cpu: '' }]),
  }),
  template: fields({
    metadata: fields({
      labels: mostly([{ a: 'b', c: '' }], [{ 'streamjob.dev/job': 'x' }, { a: 1 }, { a: long(64) }]),
      annotations: mostly([{ a: long(4096) }], [{ a: long(4097) }]),
      other: mostly([{ kept: [1] }]),
    }),
    spec: fields({
      nodeSelector: mostly([{ disk: 'ssd' }]),
      serviceAccountName: mostly(['x', '']),
      containers: fc.array(
        fields(
          {
            name: mostly(['worker', 'sidecar'], ['']),
            image: mostly(['a']),
            securityContext: mostly([{}, { privileged: true }]),
            ports: mostly([[{ containerPort: 1 }]]),
          },
          'name',
        ),
        { maxLength: 2 },
      ),
    }),
  }),
})

const plausible = fields(
  {
    program,
    kafka,
    parallelism: mostly([0, 1, 1_000], [-1, 1_001, 1.5, '1']),
    autoscaling,
    processing,
    errors,
    state,
    savepoints,
    upgrade: fields({
      mode: mostly(['Restart', 'Savepoint'], ['Never']),
      allowNonRestoredState: mostly([true]),
      readyTimeout: durations,
      rollback: mostly([false]),
    }),
    restore: fields(
      {
        id: mostly(['a', '2026-11-22', 'a.b_c', long(63)], ['', '-a', long(64)]),
        from: mostly([{ savepoint: 'a' }, { fresh: {} }], [{}, { savepoint: 'a', fresh: {} }, { fresh: true }]),
      },
      'id',
      'from',
    ),
    pod,
    suspend: mostly([true, false], ['true', 1]),
    deletion: fields({ savepoint: mostly(['IfStorage', 'Never'], ['Always']), internalTopics: mostly(['Delete', 'Retain']), deadline: durations }),
    unknownField: mostly([{ a: 1 }]),
  },
  'program',
  'kafka',
)

const mostlyTrue = fc.constantFrom(true, true, false)
