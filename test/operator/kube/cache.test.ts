import test from 'ava'
import fc from 'fast-check'
import { labelIndex, ObjectCache } from '../../../operator/kube/cache.ts'
import { type KubeObject, keyOf, parseKey, type Stored } from '../../../operator/kube/resources.ts'

const object = (name: string, owner: string, label: string): Stored<KubeObject> => ({
  metadata: {
    name,
    namespace: 'shop',
    uid: `uid-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-11-22T00:00:00Z',
    labels: { job: label },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: owner, uid: owner }],
  },
})

test('after any changes the indexes find exactly what a search of everything finds', (t) => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    owner: fc.constantFrom('x', 'y'),
    label: fc.constantFrom('1', '2'),
    remove: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const cache = new ObjectCache<KubeObject>({ job: labelIndex('job') })
      for (const { name, owner, label, remove } of changes) {
        if (remove) cache.remove(`shop/${name}`)
        else cache.set(object(name, owner, label))
      }
      const names = (objects: readonly Stored<KubeObject>[]): string =>
        objects
          .map((one) => one.metadata.name)
          .sort()
          .join()
      const all = cache.list()
      const owners = ['x', 'y'].every(
        (uid) => names(cache.ownedBy(uid)) === names(all.filter((one) => one.metadata.ownerReferences?.some((reference) => reference.uid === uid))),
      )
      const labels = ['1', '2'].every(
        (label) => names(cache.by('job', `shop/${label}`)) === names(all.filter((one) => one.metadata.labels?.['job'] === label)),
      )
      return owners && labels && cache.size === all.length
    }),
  )
  t.pass()
})

test('a list of one namespace has nothing of others', (t) => {
  const cache = new ObjectCache<KubeObject>({})
  cache.set(object('a', 'x', '1'))
  t.deepEqual([cache.list('shop').length, cache.list('other').length], [1, 0])
})

test('an index that was not declared is an error, not an empty answer', (t) => {
  t.throws(() => new ObjectCache<KubeObject>({}).by('job', 'shop/1'), { message: "There is no index 'job'" })
})

test('a key names an object and can be read back', (t) => {
  for (const metadata of [{ name: 'a', namespace: 'shop' }, { name: 'a' }]) {
    const { name, namespace } = parseKey(keyOf({ metadata }))
    t.deepEqual([name, namespace], [metadata.name, metadata.namespace ?? ''])
  }
})
