import test from 'ava'
import { compareQuantities } from '../../../operator/resources/quantity.ts'
import { releaseHashes, type ProgramSource, type Release, podSettings } from '../../../operator/resources/release.ts'
import { statefulSet } from '../../../operator/resources/stateful-set.ts'
import { claimName, isSameKind, parseClaimName, volumeOf } from '../../../operator/resources/volume.ts'
import { workerConfig } from '../../../operator/resources/worker-config.ts'
import { specOf } from './spec.ts'

const owner = { name: 'revenue', namespace: 'shop', uid: 'u-1' }
const program: ProgramSource = { kind: 'steps', steps: [{ from: { topic: 'in' } }] }
const withVolume = (size = '10Gi', storageClassName?: string, snapshotInterval = '60s') =>
  specOf({ state: { snapshotInterval, volume: { size, ...(storageClassName && { storageClassName }) } } })
const hash = (spec: ReturnType<typeof specOf>) => releaseHashes(spec, 'shop.revenue', program).hash

function made(spec = withVolume(), options: Partial<Parameters<typeof statefulSet>[3]> = {}) {
  const plan = { kind: 'planned' as const, formatVersion: 1 as const, fingerprint: 'f', explain: '', stages: [] }
  const release: Release = { hash: 'h', codeHash: 'c', image: 'streamjob:1', plan, pods: podSettings(spec) }
  return statefulSet(owner, spec, release, { replicas: 2, epoch: 1, ...options })
}

test('each worker has a volume of its own, which it may write to and which outlives its pod', (t) => {
  const { spec } = made(withVolume('10Gi', 'fast'))
  t.like(spec?.persistentVolumeClaimRetentionPolicy, { whenDeleted: 'Retain', whenScaled: 'Retain' })
  t.like(spec?.volumeClaimTemplates?.[0], {
    metadata: { name: 'state' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '10Gi' } } },
  })
  const pod = spec?.template.spec
  t.deepEqual(
    pod?.containers[0]?.volumeMounts?.find(({ name }) => name === 'state'),
    { name: 'state', mountPath: '/var/lib/streamjob' },
  )
  t.like(pod?.securityContext, { runAsUser: 10_001, fsGroup: 10_001, fsGroupChangePolicy: 'OnRootMismatch' })
  t.true(pod?.containers[0]?.securityContext?.readOnlyRootFilesystem)
})

test('a claim belongs to the job and not to the StatefulSet, which may be made anew', (t) => {
  const references = made().spec?.volumeClaimTemplates?.[0]?.metadata?.ownerReferences
  t.deepEqual(references as unknown, [{ apiVersion: 'streamjob.dev/v1alpha1', kind: 'StreamJob', name: 'revenue', uid: 'u-1' }])
})

test('without a volume there is no claim, and nothing is mounted', (t) => {
  const { spec } = made(specOf())
  t.is(spec?.volumeClaimTemplates, undefined)
  t.false(spec?.template.spec?.containers[0]?.volumeMounts?.some(({ mountPath }) => mountPath === '/var/lib/streamjob'))
})

test('a StatefulSet that is written over keeps what its claims are made from to the letter', (t) => {
  const over = made(withVolume('1Gi'))
  t.is(made(withVolume('2Gi'), { over }).spec?.volumeClaimTemplates, over.spec?.volumeClaimTemplates)
  t.is(volumeOf(made(withVolume('2Gi'), { volumeSize: '3Gi' }))?.size, '3Gi')
})

test('a volume and its class are of the release; its size restarts nothing', (t) => {
  const before = hash(withVolume('1Gi'))
  t.is(hash(withVolume('2Gi')), before)
  t.not(hash(withVolume('1Gi', 'fast')), before)
  t.not(hash(specOf()), before)
})

test('another snapshot interval restarts workers that take snapshots, and no others', (t) => {
  t.not(hash(withVolume('1Gi', undefined, '5s')), hash(withVolume('1Gi')))
  t.is(hash(specOf({ state: { snapshotInterval: '5s' } })), hash(specOf()))
})

test('workers are told of their volume and how often they take a snapshot', (t) => {
  t.deepEqual(workerConfig(withVolume('1Gi', undefined, '5s'), 'shop.revenue', program).state, {
    directory: '/var/lib/streamjob',
    snapshotIntervalMs: 5_000,
  })
  t.is(workerConfig(specOf(), 'shop.revenue', program).state.directory, null)
})

test('volumes are of the same kind whatever their size', (t) => {
  t.true(isSameKind(undefined, undefined))
  t.true(isSameKind({ size: '1Gi' }, { size: '2Gi' }))
  t.false(isSameKind({ size: '1Gi' }, undefined))
  t.false(isSameKind({ size: '1Gi' }, { size: '1Gi', storageClassName: 'fast' }))
})

test('an ordinal is read from a whole claim name only', (t) => {
  t.is(parseClaimName('revenue', claimName('revenue', 12)), 12)
  for (const name of ['revenue-0', 'state-revenue', 'state-revenue-01', 'state-other-0', 'data-revenue-0'])
    t.is(parseClaimName('revenue', name), null, name)
})

for (const [a, b, sign] of [
  ['1Gi', '1024Mi', 0],
  ['1G', '1Gi', -1],
  ['1500Mi', '1Gi', 1],
  ['1k', '1000', 0],
  ['1Ki', '1024', 0],
  ['1024Pi', '1Ei', 0],
  ['999999999999Pi', '999999999998Pi', 1],
  ['12e9', '12G', 0],
  ['1.5Gi', '1Gi', null],
  ['', '1Gi', null],
] as const) {
  test(`${a || 'nothing'} is ${sign === null ? 'not compared with' : sign === 0 ? 'as much as' : sign < 0 ? 'less than' : 'more than'} ${b}`, (t) => {
    t.is(compareQuantities(a, b), sign)
  })
}
