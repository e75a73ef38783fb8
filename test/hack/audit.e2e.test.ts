import test from 'ava'
import { auditEvents, isWrite } from '../support/audit.ts'
import { Namespace } from '../support/cluster.ts'

test('the audit log tells every write, by whom and when', async (t) => {
  const before = Date.now()
  const namespace = await Namespace.create('audit')
  t.teardown(() => namespace.delete())
  await namespace.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'written' } })
  await namespace.get('configmap', 'written')
  const ours = (await auditEvents(before)).filter(({ objectRef }) => objectRef?.namespace === namespace.name && objectRef.name === 'written')
  t.deepEqual(
    ours.filter(isWrite).map(({ verb, user }) => [verb, user.username]),
    [['create', 'admin']],
  )
  t.deepEqual((await auditEvents(Date.now() + 60_000)).length, 0)
})
