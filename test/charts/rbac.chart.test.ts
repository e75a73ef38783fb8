import test from 'ava'
import { ofKind, operatorPod, release, type Rendered, render, type Rule } from './helm.ts'

const everywhere = await render()
const namespaced = await render({ watchNamespaces: ['shop', 'bank'] })
const roles = (objects: readonly Rendered[]): readonly Rendered[] => [...ofKind(objects, 'Role'), ...ofKind(objects, 'ClusterRole')]
const rulesOf = (objects: readonly Rendered[]): readonly Rule[] => roles(objects).flatMap(({ rules }) => rules ?? [])
const qualified = `${release.namespace}:${release.fullname}`

for (const [title, objects] of [
  ['all namespaces', everywhere],
  ['some namespaces', namespaced],
] as const) {
  test(`for ${title}, no rule has a wildcard`, (t) => {
    t.true(rulesOf(objects).length > 10)
    for (const { apiGroups, resources, verbs } of rulesOf(objects)) t.false([...apiGroups, ...resources, ...verbs].some((word) => word.includes('*')))
  })

  test(`for ${title}, Secrets can be read by name only`, (t) => {
    const secrets = rulesOf(objects).filter(({ resources }) => resources.includes('secrets'))
    t.true(secrets.length > 0)
    for (const { verbs } of secrets) t.deepEqual(verbs, ['get'])
  })

  test(`for ${title}, nothing lets the operator raise its own rights or enter a pod`, (t) => {
    const resources = rulesOf(objects).flatMap((rule) => rule.resources)
    for (const resource of ['pods/exec', 'pods/attach', 'pods/portforward', 'serviceaccounts/token', 'nodes/proxy', 'customresourcedefinitions'])
      t.false(resources.includes(resource), resource)
    t.false(rulesOf(objects).some(({ apiGroups }) => apiGroups.includes('rbac.authorization.k8s.io')))
    t.false(rulesOf(objects).some(({ verbs }) => verbs.some((verb) => ['escalate', 'bind', 'impersonate'].includes(verb))))
  })

  test(`for ${title}, every binding is of a role of the chart to the account of the operator`, (t) => {
    const bindings = [...ofKind(objects, 'RoleBinding'), ...ofKind(objects, 'ClusterRoleBinding')]
    t.true(bindings.length >= 2)
    for (const { kind, metadata, roleRef, subjects } of bindings) {
      t.deepEqual(subjects, [{ kind: 'ServiceAccount', name: operatorPod(objects).spec.serviceAccountName ?? '', namespace: release.namespace }])
      t.is(roleRef?.kind, kind.replace('Binding', ''))
      t.true(roles(objects).some((role) => role.metadata.name === roleRef?.name && role.metadata.namespace === metadata.namespace))
    }
  })
}

test('some namespaces have a Role each, with the rules that a ClusterRole has for all', (t) => {
  const jobs = ofKind(namespaced, 'Role').filter(({ metadata }) => metadata.name === qualified)
  t.deepEqual(
    jobs.map(({ metadata }) => metadata.namespace),
    ['shop', 'bank'],
  )
  const cluster = ofKind(everywhere, 'ClusterRole').find(({ metadata }) => metadata.name === qualified)
  const but = (rules: readonly Rule[] = []): readonly Rule[] =>
    rules.filter(({ resources }) => !resources.includes('namespaces') && !resources.includes('nodes'))
  for (const role of jobs) {
    t.deepEqual(but(role.rules), but(cluster?.rules))
    t.deepEqual(role.rules?.at(-1)?.resourceNames, [role.metadata.namespace ?? ''])
  }
  t.is(ofKind(everywhere, 'Role').length, 1)
})

test('claims can be grown and deleted, not made or read by name, and nothing is said of volumes', (t) => {
  for (const objects of [everywhere, namespaced]) {
    const rules = rulesOf(objects).filter(({ resources }) => resources.some((resource) => /volume|storage/.test(resource)))
    t.true(rules.length > 0)
    for (const rule of rules) t.deepEqual(rule, { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['list', 'patch', 'delete'] })
  }
})

test('nodes can be read by name, and only by an operator of all namespaces', (t) => {
  const nodes = (objects: readonly Rendered[]) => rulesOf(objects).filter(({ resources }) => resources.includes('nodes'))
  t.deepEqual(nodes(everywhere), [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }])
  t.deepEqual(nodes(namespaced), [])
})

test('an operator of some namespaces has no cluster-wide right but to read kube-system', (t) => {
  const bound = new Set(ofKind(namespaced, 'ClusterRoleBinding').map(({ roleRef }) => roleRef?.name))
  const rules = ofKind(namespaced, 'ClusterRole')
    .filter(({ metadata }) => bound.has(metadata.name))
    .flatMap((role) => role.rules ?? [])
  t.deepEqual(rules, [{ apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] }])
})

test('with a name for the cluster and without roles for users, nothing of the release is cluster-wide', async (t) => {
  const objects = await render({ watchNamespaces: ['shop'], clusterId: 'here', rbac: { userRoles: false }, crds: { install: false } })
  t.deepEqual(
    objects.filter(({ metadata }) => metadata.namespace === undefined),
    [],
  )
})

test('the lease is the only one that can be changed, in the namespace of the release', (t) => {
  const [role] = ofKind(everywhere, 'Role')
  t.is(role?.metadata.namespace, release.namespace)
  t.deepEqual(role?.rules, [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [release.fullname], verbs: ['get', 'update'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  ])
})

test('users who may view a namespace see its jobs, and those who may edit it manage and scale them', (t) => {
  const users = ofKind(everywhere, 'ClusterRole').filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'user-role')
  const [view, edit] = users
  t.is(users.length, 2)
  t.is(view?.metadata.labels?.['rbac.authorization.k8s.io/aggregate-to-view'], 'true')
  t.true(view?.rules?.every(({ verbs }) => verbs.every((verb) => ['get', 'list', 'watch'].includes(verb))))
  t.is(edit?.metadata.labels?.['rbac.authorization.k8s.io/aggregate-to-edit'], 'true')
  t.is(edit?.metadata.labels?.['rbac.authorization.k8s.io/aggregate-to-admin'], 'true')
  t.false(edit?.rules?.some(({ resources }) => resources.some((resource) => resource.endsWith('/status'))))
})

test('roles and bindings can be left to somebody else', async (t) => {
  const objects = await render({ rbac: { create: false }, serviceAccount: { create: false, name: 'given' } })
  t.is(operatorPod(objects).spec.serviceAccountName, 'given')
  t.is(ofKind(objects, 'ServiceAccount').length, 0)
  t.deepEqual([...ofKind(objects, 'Role'), ...ofKind(objects, 'RoleBinding'), ...ofKind(objects, 'ClusterRoleBinding')], [])
})
